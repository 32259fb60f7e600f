using Pipeline.Benchmarks.Measurement;
using Pipeline.Benchmarks.Servers;

namespace Pipeline.Benchmarks.Invocations;

/// <summary>The services as processes of their own, quorum queues on RabbitMQ, state in PostgreSQL, the load over AMQP.</summary>
internal sealed class RabbitMqInvocations(InvocationSettings settings)
{
    private const string OrchestratorAssembly = "Pipeline.Orchestrator";
    private const string GatewayAssembly = "Pipeline.LlmGateway";
    private const string OwnAssembly = "Pipeline.Benchmarks";

    public async Task<Figures> RunAsync(CancellationToken cancellationToken)
    {
        using var agent = new BenchmarkAgent();
        await using var broker = await RabbitVirtualHost.CreateAsync(settings.Servers);
        await using var states = await PostgresDatabase.CreateAsync(settings.Servers.Postgres!, "orchestrator");
        await using var calls = await PostgresDatabase.CreateAsync(settings.Servers.Postgres!, "tools");
        await using var completions = await PostgresDatabase.CreateAsync(settings.Servers.Postgres!, "gateway");

        await using var model = ServiceProcess.Start("model", OwnAssembly, ["serve", BenchmarkService.Model], new Dictionary<string, string?>(), agent.Folder);
        var shared = agent.Settings(model.Url);
        foreach (var (key, value) in Bus(broker))
        {
            shared[key] = value;
        }

        var orchestratorSettings = With(shared, states);
        var toolSettings = With(shared, calls);
        await ServiceProcess.RunAsync(OrchestratorAssembly, ["--migrate"], orchestratorSettings, agent.Folder, cancellationToken);
        await ServiceProcess.RunAsync(OwnAssembly, ["serve", BenchmarkService.Tools, "--migrate"], toolSettings, agent.Folder, cancellationToken);
        var gatewaySettings = With(shared, completions);
        await ServiceProcess.RunAsync(GatewayAssembly, ["--migrate"], gatewaySettings, agent.Folder, cancellationToken);
        var before = await states.TransactionsAsync();

        await using var tools = ServiceProcess.Start("tools", OwnAssembly, ["serve", BenchmarkService.Tools], toolSettings, agent.Folder);
        await using var gateway = ServiceProcess.Start("gateway", GatewayAssembly, [], gatewaySettings, agent.Folder);
        await using var orchestrator = ServiceProcess.Start("orchestrator", OrchestratorAssembly, [], orchestratorSettings, agent.Folder);
        ServiceProcess[] services = [model, tools, gateway, orchestrator];
        foreach (var service in services)
        {
            await service.WhenReadyAsync(cancellationToken);
        }

        await using var submitter = await AmqpSubmitter.ConnectAsync(broker.Uri, cancellationToken);
        await InvocationLoad.RunAsync(submitter, settings.Warmup, settings.Concurrency, cancellationToken);

        await states.CheckpointAsync();
        var wal = await states.WalBytesAsync();
        var cpu = CpuMeter.Start(
        [
            orchestrator.Tree, gateway.Tree, tools.Tree, model.Tree,
            ProcessTree.Own("load"), RabbitVirtualHost.Process(broker.Server), PostgresDatabase.Process(settings.Servers.Postgres!),
        ]);
        var (events, elapsed) = await InvocationLoad.RunAsync(submitter, settings.Count, settings.Concurrency, cancellationToken);
        var used = cpu.Stop();
        wal = await states.WalBytesAsync() - wal;

        // A second terminal event would come late.
        await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);
        foreach (var service in services)
        {
            await service.StopAsync();
        }

        var after = await states.TransactionsAsync();
        var all = settings.Count + settings.Warmup;
        return InvocationFigures.Of("rabbitmq + postgres", settings.Count, events, elapsed, used)
            .Add("transactions/invocation", (after.Commits - before.Commits) / all)
            .Add("rollbacks/invocation", (after.Rollbacks - before.Rollbacks) / all)
            .Add("WAL bytes/invocation", wal / settings.Count)
            .Add("invocations not completed in the database", all - await states.QueryAsync("SELECT count(*) FROM invocations WHERE \"CurrentState\" = 'Completed'"))
            .Add("timeline entries too many or too few", await states.QueryAsync("SELECT count(*) FROM invocation_timeline") - (BenchmarkAgent.TimelineEntries * all))
            .Add("messages left in the table", await states.QueryAsync("SELECT count(*) FROM saga_outgoing"));
    }

    internal static Dictionary<string, string?> Bus(RabbitVirtualHost broker) => new()
    {
        ["Bus__Transport"] = "RabbitMq",
        ["Bus__Host"] = broker.Uri.Host,
        ["Bus__Port"] = broker.Uri.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["Bus__VirtualHost"] = broker.Name,
        ["Bus__Username"] = broker.User,
        ["Bus__Password"] = broker.Password,
        ["Bus__QuorumQueues"] = "true",
    };

    // The connection string of a deployment: nothing but the address.
    internal static Dictionary<string, string?> With(Dictionary<string, string?> settings, PostgresDatabase database) => new(settings)
    {
        ["Database__Provider"] = "Postgres",
        ["Database__ConnectionString"] = database.ConnectionString(),
    };
}
