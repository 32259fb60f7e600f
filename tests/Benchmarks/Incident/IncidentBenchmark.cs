using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Pipeline.Benchmarks.Invocations;
using Pipeline.Benchmarks.Measurement;
using Pipeline.Benchmarks.Servers;

namespace Pipeline.Benchmarks.Incident;

/// <summary>
/// The reference incident: one tool stops answering, then recovers. The same arrivals drive tool workers in a process of their own and,
/// beside them, the naive design. Half of the agents use only sound tools.
/// </summary>
internal sealed class IncidentBenchmark(IncidentSettings settings)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TimeProvider _time = TimeProvider.System;
    private readonly ConcurrentQueue<AgentRun> _ours = new();
    private readonly ConcurrentQueue<AgentRun> _naive = new();
    private long _began;

    /// <returns>The figures, and what both designs finished in each second.</returns>
    public async Task<(Figures Figures, List<Figures> Seconds)> RunAsync(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("incident-");
        await using var broker = await RabbitVirtualHost.CreateAsync(settings.Servers);
        await using var database = await PostgresDatabase.CreateAsync(settings.Servers.Postgres!, "incident");
        WriteManifests(folder.FullName);
        var service = Settings(broker, database, folder.FullName);
        await ServiceProcess.RunAsync("Pipeline.Benchmarks", ["serve", BenchmarkService.IncidentTools, "--migrate"], service, folder.FullName, cancellationToken);
        await using var workers = ServiceProcess.Start("tools", "Pipeline.Benchmarks", ["serve", BenchmarkService.IncidentTools], service, folder.FullName);
        await workers.WhenReadyAsync(cancellationToken);
        await using var agents = await WorkerAgents.StartAsync(broker, cancellationToken);
        using var naive = new NaiveDesign(() => File.Exists(IncidentTool.DeadFile(folder.FullName)));

        // Code that runs for the first time is not the subject.
        await Task.WhenAll(Enumerable.Range(0, 20).Select(x => agents.RunAsync(x % 2 == 0, cancellationToken)));
        var (deadAt, recoveredAt) = await LoadAsync(agents, naive, folder.FullName, cancellationToken);
        var figures = Describe(agents, deadAt, recoveredAt, Runs(folder.FullName));
        await workers.StopAsync();
        folder.Delete(recursive: true);
        return (figures, Seconds());
    }

    private async Task<(DateTimeOffset DeadAt, DateTimeOffset RecoveredAt)> LoadAsync(WorkerAgents agents, NaiveDesign naive, string folder, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = new List<Task>();
        var (deadAt, recoveredAt) = (DateTimeOffset.MaxValue, DateTimeOffset.MaxValue);
        _began = _time.GetTimestamp();
        for (var next = 0; settings.Interval * next < settings.All; next++)
        {
            var due = settings.Interval * next;
            await UntilAsync(due < settings.Healthy ? due : settings.Healthy);
            if (due >= settings.Healthy && deadAt == DateTimeOffset.MaxValue)
            {
                deadAt = _time.GetUtcNow();
                await File.WriteAllTextAsync(IncidentTool.DeadFile(folder), "", cancellationToken);
            }

            await UntilAsync(due < settings.Healthy + settings.Dead ? due : settings.Healthy + settings.Dead);
            if (due >= settings.Healthy + settings.Dead && recoveredAt == DateTimeOffset.MaxValue)
            {
                File.Delete(IncidentTool.DeadFile(folder));
                recoveredAt = _time.GetUtcNow();
            }

            await UntilAsync(due);
            var usesFailing = next % 2 == 1;
            running.Add(KeepAsync(_ours, usesFailing, token => agents.RunAsync(usesFailing, token), ending.Token));
            running.Add(KeepAsync(_naive, usesFailing, token => naive.RunAsync(usesFailing, token, ending.Token), ending.Token));
        }

        await UntilAsync(settings.All);
        await ending.CancelAsync();
        await Task.WhenAll(running);
        return (deadAt, recoveredAt);

        async Task UntilAsync(TimeSpan at)
        {
            var left = at - _time.GetElapsedTime(_began);
            if (left > TimeSpan.Zero)
            {
                await Task.Delay(left, cancellationToken);
            }
        }
    }

    private async Task KeepAsync(ConcurrentQueue<AgentRun> runs, bool usesFailing, Func<CancellationToken, Task<bool>> run, CancellationToken ending)
    {
        var submitted = _time.GetElapsedTime(_began);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(ending);
        patience.CancelAfter(Patience);
        try
        {
            var succeeded = await run(patience.Token) && !patience.IsCancellationRequested;
            runs.Enqueue(new AgentRun(usesFailing, submitted, _time.GetElapsedTime(_began), succeeded));
        }
        catch (OperationCanceledException)
        {
            runs.Enqueue(new AgentRun(usesFailing, submitted, ending.IsCancellationRequested ? null : _time.GetElapsedTime(_began), Succeeded: false));
        }
    }

    private Figures Describe(WorkerAgents agents, DateTimeOffset deadAt, DateTimeOffset recoveredAt, List<(DateTimeOffset At, bool Dead)> toolRuns)
    {
        var firstDead = toolRuns.Where(x => x.Dead).Select(x => (DateTimeOffset?)x.At).FirstOrDefault();
        var opened = agents.Changes.FirstOrDefault(x => x.State == "open" && x.At >= deadAt)?.At;
        var closed = agents.Changes.FirstOrDefault(x => x.State == "closed" && x.At >= recoveredAt)?.At;
        var firstCall = agents.FailingCalls.Where(x => x >= recoveredAt).Select(x => (DateTimeOffset?)x).FirstOrDefault();
        var afterOpening = agents.FallbackMs.Where(x => x.SentAt >= opened).Select(x => x.Ms).ToList();
        var atWorker = agents.FallbackMs.Where(x => x.SentAt >= opened).Select(x => x.WorkerMs).OfType<double>().ToList();
        var figures = new Figures(string.Create(CultureInfo.InvariantCulture, $"x{settings.Scale}"))
            .Add("invocations", _ours.Count)
            .Add("seconds healthy", settings.Healthy.TotalSeconds)
            .Add("seconds dead", settings.Dead.TotalSeconds)
            .Add("seconds recovered", settings.Recovered.TotalSeconds)
            .Add(IncidentTarget.OpenedAfter, (opened - firstDead)?.TotalSeconds)
            .Add(IncidentTarget.Hung, toolRuns.Count(x => x.Dead && x.At <= opened))
            .Add("calls that reached the dead tool after it opened (probes)", toolRuns.Count(x => x.Dead && x.At > opened))
            .Add(IncidentTarget.ClosedAfter, (closed - recoveredAt)?.TotalSeconds)
            .Add(IncidentTarget.ClosedAfterCall, (closed - firstCall)?.TotalSeconds)
            .Add(IncidentTarget.Probes, toolRuns.Count(x => x.At > recoveredAt && x.At <= closed))
            .Add("fallback answers without running the tool", agents.FallbackMs.Count)
            .Add("of them sent once it was open", afterOpening.Count)
            .Add(IncidentTarget.FallbackP99, atWorker.Count == 0 ? null : Percentile.Of(atWorker, 99))
            .Add("their p50 ms, agent to agent", afterOpening.Count == 0 ? null : Percentile.Of(afterOpening, 50))
            .Add("their p99 ms, agent to agent", afterOpening.Count == 0 ? null : Percentile.Of(afterOpening, 99))
            .Add("longest of all, ms: waited behind hanging calls", agents.FallbackMs.Count == 0 ? null : agents.FallbackMs.Max(x => x.Ms));
        foreach (var (name, runs) in new[] { ("ours", _ours), ("naive", _naive) })
        {
            var dead = runs.Where(x => x.SubmittedAt >= settings.Healthy && x.SubmittedAt < settings.Healthy + settings.Dead && !x.UsesFailing).ToList();
            figures
                .Add($"{name}: success of agents without the dead tool, while it is dead, %", dead.Count == 0 ? null : 100d * dead.Count(x => x.Succeeded) / dead.Count)
                .Add($"{name}: their throughput against the healthy phase, %", Throughput(runs, settings.Healthy, settings.Dead) / Throughput(runs, TimeSpan.Zero, settings.Healthy) * 100)
                .Add($"{name}: success of all agents, %", 100d * runs.Count(x => x.Succeeded) / runs.Count);
        }

        return figures;
    }

    private static double Throughput(IEnumerable<AgentRun> runs, TimeSpan from, TimeSpan length) =>
        runs.Count(x => x is { Succeeded: true, UsesFailing: false } && x.EndedAt >= from && x.EndedAt < from + length) / length.TotalSeconds;

    private List<Figures> Seconds() => Enumerable.Range(0, (int)settings.All.TotalSeconds).Select(second => new Figures(string.Create(CultureInfo.InvariantCulture, $"x{settings.Scale} second {second}"))
        .Add("second", second)
        .Add("ours", Ended(_ours, second))
        .Add("naive", Ended(_naive, second))).ToList();

    private static double Ended(IEnumerable<AgentRun> runs, int second) => runs.Count(x => x.Succeeded && (int)x.EndedAt!.Value.TotalSeconds == second);

    private static List<(DateTimeOffset At, bool Dead)> Runs(string folder) => File.ReadAllLines(IncidentTool.RunsFile(folder))
        .Select(x => x.Split(' '))
        .Select(x => (DateTimeOffset.Parse(x[0], CultureInfo.InvariantCulture), x[1] == "dead"))
        .ToList();

    private static void WriteManifests(string folder)
    {
        var tools = Directory.CreateDirectory(Path.Combine(folder, "tools")).FullName;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "sample-tools"), "*.json"))
        {
            File.Copy(file, Path.Combine(tools, Path.GetFileName(file)));
        }

        foreach (var tool in new[] { IncidentTool.ToolName, SoundTool.ToolName })
        {
            File.WriteAllText(Path.Combine(tools, tool + ".json"), JsonSerializer.Serialize(new
            {
                name = tool,
                description = "A tool of the incident.",
                parameters = new { type = "object", properties = new { } },
                effects = "ReadOnly",
                timeoutSeconds = 30,
                concurrency = 16,
                onFailure = tool == IncidentTool.ToolName ? "fallback" : "error",
                fallback = new { kind = "message", text = "Not now." },
                breaker = new { slowCallSeconds = 1 },
            }));
        }
    }

    private static Dictionary<string, string?> Settings(RabbitVirtualHost broker, PostgresDatabase database, string folder)
    {
        var settings = RabbitMqInvocations.With(RabbitMqInvocations.Bus(broker), database);
        settings["Tools__Directory"] = Path.Combine(folder, "tools");
        settings["Tools__Serve__0"] = IncidentTool.ToolName;
        settings["Tools__Serve__1"] = SoundTool.ToolName;
        settings["Logging__LogLevel__Default"] = "Warning";
        settings[IncidentTool.FolderVariable] = folder;
        return settings;
    }
}
