using System.Diagnostics;
using MassTransit;
using Pipeline.Benchmarks.Invocations;
using Pipeline.Benchmarks.Measurement;
using Pipeline.Benchmarks.Servers;

namespace Pipeline.Benchmarks.Waiting;

/// <summary>
/// Many invocations that all wait for one tool, or one model, that does not answer. What the processes hold is read with none, a tenth and all of
/// them waiting; then agents beside them are run; then what is waited for answers, and all of them have to end.
/// </summary>
internal sealed class WaitingBenchmark(WaitingSettings settings)
{
    /// <summary>After it a process holds what it needs for waiting, not for what was before: the thread pool lets idle threads go after 20 s.</summary>
    private static readonly TimeSpan Calm = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(30);

    private readonly List<string> _missed = [];

    public async Task<(IReadOnlyList<Figures> Figures, IReadOnlyList<string> Missed)> RunAsync(CancellationToken cancellationToken)
    {
        using var agents = new WaitingAgents();
        await using var broker = await RabbitVirtualHost.CreateAsync(settings.Servers);
        await using var states = await PostgresDatabase.CreateAsync(settings.Servers.Postgres!, "orchestrator");
        await using var calls = await PostgresDatabase.CreateAsync(settings.Servers.Postgres!, "tools");
        await using var model = ServiceProcess.Start(
            "model", "Pipeline.Benchmarks", ["serve", BenchmarkService.WaitingModel],
            new Dictionary<string, string?> { [Release.FolderVariable] = agents.Folder, [WaitingModel.HoldsVariable] = settings.ForModel ? "1" : "0" }, agents.Folder);
        var shared = agents.Settings(model.Url);
        foreach (var (key, value) in RabbitMqInvocations.Bus(broker))
        {
            shared[key] = value;
        }

        var (orchestratorSettings, toolSettings) = (RabbitMqInvocations.With(shared, states), RabbitMqInvocations.With(shared, calls));
        await ServiceProcess.RunAsync("Pipeline.Orchestrator", ["--migrate"], orchestratorSettings, agents.Folder, cancellationToken);
        await ServiceProcess.RunAsync("Pipeline.Benchmarks", ["serve", BenchmarkService.WaitingTools, "--migrate"], toolSettings, agents.Folder, cancellationToken);
        await using var tools = ServiceProcess.Start("workers", "Pipeline.Benchmarks", ["serve", BenchmarkService.WaitingTools], toolSettings, agents.Folder);
        await using var gateway = ServiceProcess.Start("gateway", "Pipeline.LlmGateway", [], shared, agents.Folder);
        await using var orchestrator = ServiceProcess.Start("orchestrator", "Pipeline.Orchestrator", [], orchestratorSettings, agents.Folder);
        ServiceProcess[] services = [orchestrator, tools, gateway];
        foreach (var service in services.Append(model))
        {
            await service.WhenReadyAsync(cancellationToken);
        }

        await using var held = await AmqpSubmitter.ConnectAsync(broker.Uri, WaitingAgents.Held, cancellationToken);
        await using var prompt = await AmqpSubmitter.ConnectAsync(broker.Uri, WaitingAgents.Prompt, cancellationToken);
        _ = await BesideAsync("warm-up", prompt, cancellationToken);
        var alone = await BesideAsync("beside none", prompt, cancellationToken);
        var none = await ReadAsync("none waiting", services, states, calls, 0, cancellationToken);

        var ends = new List<Task>();
        await SubmitAsync(held, settings.Count / 10, ends, states, cancellationToken);
        var tenth = await ReadAsync("a tenth waiting", services, states, calls, settings.Count / 10, cancellationToken);
        await SubmitAsync(held, settings.Count - (settings.Count / 10), ends, states, cancellationToken);
        var all = await ReadAsync("all waiting", services, states, calls, settings.Count, cancellationToken);
        var beside = await BesideAsync("beside all", prompt, cancellationToken);

        var ended = ends.Count(x => x.IsCompleted);
        await File.WriteAllTextAsync(Release.FileIn(agents.Folder), "", cancellationToken);
        var released = Stopwatch.GetTimestamp();
        await Task.WhenAny(Task.WhenAll(ends), Task.Delay(Patience, cancellationToken));
        var took = Stopwatch.GetElapsedTime(released);
        Judge(tenth, all, ended, beside, held.Events);
        alone.Add("waiting", 0).Add("s until all had ended", null);
        beside.Add("waiting", settings.Count).Add("s until all had ended", took.TotalSeconds);
        foreach (var service in services)
        {
            await service.StopAsync();
        }

        return ([none, tenth, all, alone, beside], _missed);
    }

    private void Judge(Figures tenth, Figures all, int ended, Figures beside, TerminalEvents events)
    {
        // Ten times as many wait; what they hold must not follow. A few come and go with health checks and housekeeping.
        foreach (var (name, value) in all.Values.Where(x => x.Name.Contains("threads", StringComparison.Ordinal) || x.Name.Contains("sockets", StringComparison.Ordinal) || x.Name.Contains("connections", StringComparison.Ordinal)))
        {
            Target(value <= tenth[name] + 8, $"'{name}' went from '{tenth[name]}' to '{value}'");
        }

        Target(ended == 0, $"'{ended}' did not wait");
        Target(beside["lost"] == 0 && beside["ended otherwise than completed"] == 0, "invocations beside those that wait were lost or failed");
        Target(events is { Lost: 0, Duplicated: 0, NotCompleted: 0 }, $"of those that waited '{events.Lost}' were lost, '{events.NotCompleted}' failed, '{events.Duplicated}' ended twice");
    }

    private void Target(bool isMet, string otherwise)
    {
        if (!isMet)
        {
            _missed.Add(otherwise);
        }
    }

    private async Task<Figures> BesideAsync(string name, AmqpSubmitter submitter, CancellationToken cancellationToken)
    {
        var (events, elapsed) = await InvocationLoad.RunAsync(submitter, settings.Beside, concurrency: 8, cancellationToken);
        return new Figures(name)
            .Add("invocations beside", settings.Beside)
            .Add("a second, eight at a time", settings.Beside / elapsed.TotalSeconds)
            .Add("p50 ms", Percentile.Of(events.Milliseconds, 50))
            .Add("p99 ms", Percentile.Of(events.Milliseconds, 99))
            .Add("lost", events.Lost)
            .Add("ended otherwise than completed", events.NotCompleted);
    }

    private async Task SubmitAsync(AmqpSubmitter submitter, int count, List<Task> ends, PostgresDatabase states, CancellationToken cancellationToken)
    {
        for (var number = 0; number < count; number++)
        {
            var invocation = NewId.NextGuid();
            ends.Add(submitter.Events.Expect(invocation));
            await submitter.SubmitAsync(invocation, cancellationToken);
        }

        var since = Stopwatch.GetTimestamp();
        double waiting;
        while ((waiting = await WaitingAsync(states)) < ends.Count)
        {
            if (Stopwatch.GetElapsedTime(since) > Patience)
            {
                throw new TimeoutException($"After '{Patience}' only '{waiting}' of '{ends.Count}' wait.");
            }

            Console.Error.WriteLine($"  {waiting} of {ends.Count} wait");
            await Task.Delay(TimeSpan.FromSeconds(2), cancellationToken);
        }
    }

    private Task<double> WaitingAsync(PostgresDatabase states) => states.QueryAsync(
        $"SELECT count(*) FROM invocations WHERE \"Agent\" = '{WaitingAgents.Held}' AND \"CurrentState\" = '{(settings.ForModel ? "AwaitingModel" : "AwaitingTools")}'");

    private static async Task<Figures> ReadAsync(string name, ServiceProcess[] services, PostgresDatabase states, PostgresDatabase calls, int waiting, CancellationToken cancellationToken)
    {
        await Task.Delay(Calm, cancellationToken);
        var figures = new Figures(name).Add("waiting", waiting);
        foreach (var service in services)
        {
            var reading = ProcessReading.Of(service.Tree, service.Id);
            figures.Add($"{reading.Name}: threads", reading.Threads).Add($"{reading.Name}: sockets", reading.Sockets).Add($"{reading.Name}: MB", reading.Megabytes);
        }

        return figures
            .Add("database connections of the orchestrator", await ConnectionsAsync(states))
            .Add("database connections of the workers", await ConnectionsAsync(calls));
    }

    // Without the one that asks.
    private static async Task<double> ConnectionsAsync(PostgresDatabase database) =>
        await database.QueryAsync($"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database.Name}' AND pid <> pg_backend_pid()");
}
