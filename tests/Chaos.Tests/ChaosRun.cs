using System.Diagnostics;
using System.Runtime.InteropServices;
using Npgsql;
using Pipeline.Chaos.Tests.Checks;
using Pipeline.Chaos.Tests.Load;
using Pipeline.Chaos.Tests.Scripts;
using Pipeline.Contracts;

namespace Pipeline.Chaos.Tests;

/// <summary>
/// One run: start everything, submit, break things by the script, heal, wait until nothing is pending, check that the last operations
/// succeed, stop everything, and fold what is known into the report.
/// </summary>
internal sealed class ChaosRun(ChaosOptions options, Action<string> say)
{
    /// <summary>Cases kept for the end: what is submitted after the last fault.</summary>
    private const int TailCases = 20;

    /// <summary>With fewer cases, none may be repeated by chance.</summary>
    private const int LeastForRepeats = 200;

    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(60);

    private readonly List<StruckFault> _faults = [];

    public async Task<ChaosReport> RunAsync(CancellationToken cancellationToken)
    {
        say($"Chaos: script {options.Script}, seed {options.Seed}, {options.Invocations} invocations. Replay with --script {options.Script} --seed {options.Seed}.");
        var started = DateTime.UtcNow;
        var cases = new CaseBook(options.Invocations + TailCases);
        await using var pipeline = await PipelineDriver.StartAsync(cases, options.Keep, say, cancellationToken);
        await using var events = new EventCollector(pipeline.Servers.Broker);
        await events.StartAsync(cancellationToken);
        await using var copier = new MessageCopier(pipeline.Servers.Broker, [QueueName.InvocationEvents, QueueName.Tool("issue_refund")], options.CopiedShare, options.Seed);
        await copier.StartAsync(cancellationToken);
        await using var load = new LoadPublisher(pipeline.Servers.Broker, options.Load, options.Seed);
        var stuck = new StuckDetector(pipeline, events, options.Patience);

        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var loading = load.PublishAsync(0, options.Invocations, () => load.Attempted - events.Ended, options.IsTrials ? enough.Token : cancellationToken);
        Percentiles? recovery = null;
        FreezeTrials? trials = null;
        var freezes = new FreezeScript(pipeline, options.Trials, say);
        try
        {
            if (options.Script == "sigstop")
            {
                await freezes.RunAsync(_faults, cancellationToken);
                await enough.CancelAsync();
            }
            else if (options.Script == "recovery")
            {
                recovery = await new RecoveryScript(pipeline, load, (int)Math.Ceiling(options.Load.Rate * 3.0), options.Trials, say).RunAsync(_faults, cancellationToken);
                await enough.CancelAsync();
            }
            else
            {
                await BreakAsync(pipeline, load, events, stuck, loading, cancellationToken);
            }
        }
        catch (StuckException e) when (options.IsTrials)
        {
            throw new StuckException($"{e.Message}{Environment.NewLine}{await stuck.DumpAsync(cancellationToken)}");
        }

        await pipeline.HealAsync();
        var healed = DateTime.UtcNow;
        say("The last fault is over.");
        await loading;
        await DrainedAsync(pipeline, load, events, stuck, cancellationToken);
        var drained = DateTime.UtcNow - healed;
        // Not before: on a busy machine most answers come after the load and the last fault. What it still holds is pending work like any other.
        await copier.StopAsync();
        var tail = await TailAsync(pipeline, load, events, cancellationToken);
        var pending = await PendingAsync(pipeline, cancellationToken);
        var untimely = drained > DrainLimit ? new[] { $"it took {drained.TotalSeconds:0.0} s" } : [];

        foreach (var replica in pipeline.Replicas.Where(x => x.Project != "ProviderSimulator"))
        {
            if (!await replica.StopAsync())
            {
                tail.Add($"{replica.Name} did not stop within 40 s of SIGTERM");
            }
        }

        var evidence = await Evidence.TakeAsync(pipeline, cancellationToken);
        if (options.Script == "sigstop")
        {
            trials = await freezes.ResultAsync(evidence, cancellationToken);
        }

        var checker = new Checker(evidence, load, events, _faults);
        return new ChaosReport
        {
            Script = options.Script,
            Seed = options.Seed,
            Commit = await CommitAsync(),
            Machine = $"{Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, .NET {Environment.Version}",
            Started = started,
            Seconds = Math.Round((DateTime.UtcNow - started).TotalSeconds),
            Attempted = load.Attempted,
            Acknowledged = load.Acknowledged.Count,
            Ok = checker.Ok,
            Degraded = checker.Degraded,
            Lost = checker.Lost.Count,
            Duplicated = checker.Duplicated.Count,
            Unexpected = checker.Unexpected.Count,
            Recovered = checker.Recovered,
            RepeatedSubmissions = load.Repeated,
            UnconfirmedPublishes = load.Unconfirmed,
            CopiedMessages = copier.Copied,
            ReorderedMessages = copier.Reordered,
            RepeatedEvents = events.RepeatedDeliveries,
            ModelCalls = evidence.ModelCalls.Count,
            ModelCallsPaidTwice = checker.ModelCallsPaidTwice,
            Kills = _faults.Count(x => x.Kind == "kill"),
            Faults = _faults.GroupBy(x => x.Kind).ToDictionary(x => x.Key, x => x.Count()),
            DrainSeconds = Math.Round(drained.TotalSeconds, 1),
            Duration = Percentiles.Of(evidence.Invocations.Where(x => x.EndedAt is not null).Select(x => (x.EndedAt!.Value - x.AcceptedAt).TotalSeconds)),
            Recovery = recovery,
            Trials = trials,
            Invariants =
            [
                .. checker.Invariants(),
                InvariantResult.Of("Expected", "every case ends as its kind must, effects as its timeline says", checker.Unexpected),
                InvariantResult.Of("I12 OutboxDrained", $"within {DrainLimit.TotalSeconds:0} s of the last fault all is ended, saga_outgoing is empty, no queue holds anything, _error and _skipped included", [.. untimely, .. pending]),
                InvariantResult.Of("I13 TailOK", $"{TailCases} submissions after the last fault complete within 15 s; the services stop when told to", tail),
                // What the run was to prove, it proves only if it happened.
                InvariantResult.Of(
                    "Duplicates",
                    $"{options.CopiedShare:P0} of answers and refund calls delivered twice and out of order, some submissions sent twice",
                    [.. NotDuplicated(load, copier)]),
            ],
            LoggedErrors = evidence.Logs.Errors,
            Timeline = _faults,
        };
    }

    private async Task BreakAsync(PipelineDriver pipeline, LoadPublisher load, EventCollector events, StuckDetector stuck, Task loading, CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watching = WatchAsync(load, events, stuck, loading, end);
        foreach (var fault in FaultScript.Named(options.Script).Plan(new Random(options.Seed)))
        {
            if (end.IsCancellationRequested)
            {
                break;
            }

            if (fault.Kind.Length > 0)
            {
                say($"  {fault.Name}");
            }

            var from = DateTime.UtcNow;
            await fault.StrikeAsync(pipeline, end.Token);
            stuck.Excuse();
            if (fault.Kind.Length > 0)
            {
                _faults.Add(new StruckFault(fault.Name, fault.Kind, from, DateTime.UtcNow));
            }
        }

        if (options.Script is "short" or "none")
        {
            await end.CancelAsync();
        }

        await watching;
    }

    /// <summary>Tells how far the run is, looks whether it moves, and ends the faults when most of the load is through.</summary>
    private async Task WatchAsync(LoadPublisher load, EventCollector events, StuckDetector stuck, Task loading, CancellationTokenSource end)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            for (var second = 1; await timer.WaitForNextTickAsync(end.Token); second++)
            {
                await stuck.LookAsync(end.Token);
                if (second % 15 == 0)
                {
                    say($"  {second} s: {load.Attempted} submitted, {load.Acknowledged.Count} confirmed, {events.Ended} ended");
                }

                if (loading.IsCompleted && events.Ended >= options.FaultsUntil * load.Acknowledged.Count)
                {
                    await end.CancelAsync();
                }
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // Enough faults.
        }
        catch (StuckException)
        {
            await end.CancelAsync();
            throw;
        }
    }

    private static async Task DrainedAsync(PipelineDriver pipeline, LoadPublisher load, EventCollector events, StuckDetector stuck, CancellationToken cancellationToken)
    {
        stuck.Excuse();
        var waitedSince = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        while (events.Ended < load.Acknowledged.Count || await OutgoingAsync(pipeline, cancellationToken) > 0)
        {
            await timer.WaitForNextTickAsync(cancellationToken);
            await stuck.LookAsync(cancellationToken);
            if (Stopwatch.GetElapsedTime(waitedSince) > TimeSpan.FromMinutes(5))
            {
                throw new StuckException($"{load.Acknowledged.Count - events.Ended} cases have not ended 5 minutes after the last fault.{Environment.NewLine}{await stuck.DumpAsync(cancellationToken)}");
            }
        }
    }

    /// <summary>I13: after everything, everything works.</summary>
    private async Task<List<string>> TailAsync(PipelineDriver pipeline, LoadPublisher load, EventCollector events, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        await pipeline.WhenReadyAsync(TimeSpan.FromMinutes(1), cancellationToken);
        var before = events.Ended;
        await load.PublishAsync(options.Invocations, TailCases, () => 0, cancellationToken);
        var since = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (events.Ended < before + TailCases && Stopwatch.GetElapsedTime(since) < TimeSpan.FromSeconds(15))
        {
            await timer.WaitForNextTickAsync(cancellationToken);
        }

        if (events.Ended < before + TailCases)
        {
            problems.Add($"{before + TailCases - events.Ended} of {TailCases} have not ended after 15 s");
        }

        return problems;
    }

    /// <summary>The duplicates that were asked for and not made.</summary>
    private IEnumerable<string> NotDuplicated(LoadPublisher load, MessageCopier copier)
    {
        if (options.CopiedShare > 0 && copier.Copied == 0)
        {
            yield return $"no message was copied: {copier.State}";
        }

        if (options.CopiedShare > 0 && copier.Reordered == 0)
        {
            yield return "no copy came out of order";
        }

        if (load.Attempted >= LeastForRepeats && load.Repeated == 0)
        {
            yield return "no submission was repeated";
        }
    }

    private static async Task<List<string>> PendingAsync(PipelineDriver pipeline, CancellationToken cancellationToken)
    {
        using var broker = new BrokerView(pipeline.Servers.ManagementPort);
        var since = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (true)
        {
            var pending = new List<string>();
            foreach (var (name, messages) in (await broker.QueuesAsync(cancellationToken)).Where(x => x.Messages > 0))
            {
                var isFailure = name.EndsWith("_error", StringComparison.Ordinal) || name.EndsWith("_skipped", StringComparison.Ordinal);
                pending.Add($"queue {name}: {messages}{(isFailure ? " " + await broker.PeekAsync(name, cancellationToken) : "")}");
            }

            // Collected by the services from the broker's queues: moved there, not gone.
            if (await Sql.TextsAsync(pipeline.Orchestrator, """SELECT "SourceQueue" || ': ' || "Code" || ' ' || coalesce("Reason", '') FROM dead_letters LIMIT 20""", cancellationToken) is { Count: > 0 } letters)
            {
                pending.Add($"dead_letters: {string.Join("; ", letters)}");
            }

            if (await OutgoingAsync(pipeline, cancellationToken) is > 0 and var rows)
            {
                pending.Add($"saga_outgoing: {rows} rows");
            }

            // The broker's own figures are some seconds old.
            if (pending.Count == 0 || Stopwatch.GetElapsedTime(since) > TimeSpan.FromSeconds(20))
            {
                return pending;
            }

            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    private static async Task<long> OutgoingAsync(PipelineDriver pipeline, CancellationToken cancellationToken)
    {
        try
        {
            return await Sql.NumberAsync(pipeline.Orchestrator, "SELECT count(*) FROM saga_outgoing", cancellationToken);
        }
        catch (NpgsqlException)
        {
            return long.MaxValue;
        }
    }

    private static async Task<string> CommitAsync()
    {
        try
        {
            using var git = Process.Start(new ProcessStartInfo("git", ["-C", Checkout.Root, "describe", "--always", "--dirty", "--abbrev=10", "--exclude=*"]) { RedirectStandardOutput = true });
            return git is null ? "unknown" : (await git.StandardOutput.ReadToEndAsync()).Trim();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return "unknown";
        }
    }
}
