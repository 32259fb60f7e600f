using System.Diagnostics;
using MassTransit;
using Microsoft.Extensions.Configuration.Memory;
using Pipeline.Benchmarks.Invocations;
using Pipeline.Benchmarks.Measurement;
using Pipeline.Benchmarks.Servers;
using Pipeline.Orchestrator;
using Pipeline.ServiceDefaults;

namespace Pipeline.Benchmarks.EventCost;

/// <summary>
/// Counts the transactions that the orchestrator's own saga makes for one consumed event. The same process is then left idle for the same
/// time: what it commits then (sweeper, timers) is the background, shown apart.
/// </summary>
internal sealed class EventCostBenchmark(EventCostSettings settings)
{
    /// <summary>Submission, answer, two tool results, answer.</summary>
    private const int EventsOfInvocation = 5;

    private int Invocations => settings.Events / EventsOfInvocation;

    public async Task<Figures> RunAsync(CancellationToken cancellationToken)
    {
        using var agent = new BenchmarkAgent();
        await using var database = await PostgresDatabase.CreateAsync(settings.Servers.Postgres!, "events");
        await using (var migration = Build(agent, database))
        {
            await migration.MigrateAsync();
        }

        var atFirst = await database.TransactionsAsync();
        await using var app = Build(agent, database);
        var lifetime = Stopwatch.GetTimestamp();
        await app.StartAsync(cancellationToken);
        var wal = await database.WalBytesAsync();
        var cpu = CpuMeter.Start([ProcessTree.Own("orchestrator and load"), PostgresDatabase.Process(settings.Servers.Postgres!)]);
        var (events, elapsed) = await InvocationLoad.RunAsync(app.Services.GetRequiredService<BusSubmitter>(), Invocations, settings.Concurrency, cancellationToken);
        var used = cpu.Stop();
        wal = await database.WalBytesAsync() - wal;
        await app.StopAsync(CancellationToken.None);
        var lived = Stopwatch.GetElapsedTime(lifetime);
        var loaded = await database.TransactionsAsync();

        await using var idle = Build(agent, database);
        lifetime = Stopwatch.GetTimestamp();
        await idle.StartAsync(cancellationToken);
        var rest = lived - Stopwatch.GetElapsedTime(lifetime);
        await Task.Delay(rest > TimeSpan.Zero ? rest : TimeSpan.Zero, cancellationToken);
        await idle.StopAsync(CancellationToken.None);
        var rested = await database.TransactionsAsync();

        var consumed = Invocations * EventsOfInvocation;
        var background = rested.Commits - loaded.Commits;
        return new Figures("orchestrator")
            .Add("events consumed", consumed)
            .Add("transactions/event, background apart", (loaded.Commits - atFirst.Commits - background) / consumed)
            .Add("transactions/event, everything", (loaded.Commits - atFirst.Commits) / consumed)
            .Add("background transactions in the same time, idle", background)
            .Add("background transactions/s, idle", background / lived.TotalSeconds)
            .Add("rollbacks/event", (loaded.Rollbacks - atFirst.Rollbacks) / consumed)
            .Add("WAL bytes/event", wal / consumed)
            .Add("events/s", consumed / elapsed.TotalSeconds)
            .AddRange(used.Per(consumed).Select(x => (x.Name + "/event", x.Value)))
            .Add("lost", events.Lost)
            .Add("duplicated", events.Duplicated)
            .Add("ended otherwise than completed", events.NotCompleted)
            .Add("timeline entries too many or too few", await database.QueryAsync("SELECT count(*) FROM invocation_timeline") - (BenchmarkAgent.TimelineEntries * Invocations))
            .Add("other processes, % of the machine", used.OthersShare * 100);
    }

    private static WebApplication Build(BenchmarkAgent agent, PostgresDatabase database)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        var values = agent.Settings(new Uri("http://127.0.0.1")).ToDictionary(x => x.Key.Replace("__", ":", StringComparison.Ordinal), x => x.Value);
        values["Bus:Transport"] = "InMemory";
        values["Orchestrator:Database:Provider"] = "Postgres";
        values["Orchestrator:Database:ConnectionString"] = database.ConnectionString();
        values["urls"] = "http://127.0.0.1:0";
        builder.Configuration.Sources.Add(new MemoryConfigurationSource { InitialData = values });
        builder.AddServiceDefaults("orchestrator");
        builder.AddOrchestrator();
        builder.AddPipelineBus(bus =>
        {
            bus.AddOrchestratorConsumers();
            bus.AddConsumer<AnsweringModel>();
            bus.AddConsumer<AnsweringTool>();
            bus.AddConsumer<BusSubmitter>();
            bus.AddReceiveEndpoints(_ => [AnsweringModel.Endpoint, .. AnsweringTool.Endpoints, BusSubmitter.Endpoint]);
        });
        // After AddConsumer, which registers it for each scope: there is one book.
        builder.Services.AddSingleton<BusSubmitter>();
        return builder.Build();
    }
}
