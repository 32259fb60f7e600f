using Pipeline.Chaos.Tests.Checks;
using Pipeline.Chaos.Tests.Load;
using Pipeline.Chaos.Tests.Scripts;

namespace Pipeline.Chaos.Tests;

/// <summary>
/// Measures how long work that a killed process held is away. To know what it held, it is frozen for a moment under a load that the machine
/// carries with ease: what makes no step in that time is in its hands. Then it is killed, and the clock runs until the next step of each.
/// </summary>
/// <param name="pipeline">The services.</param>
/// <param name="load">What is submitted meanwhile.</param>
/// <param name="carried">Open invocations at or below which the machine carries the load: a trial begins there, not in the backlog of a cold start.</param>
/// <param name="trials">How many are killed.</param>
/// <param name="say">Where progress goes.</param>
internal sealed class RecoveryScript(PipelineDriver pipeline, LoadPublisher load, int carried, int trials, Action<string> say)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan Held = TimeSpan.FromMilliseconds(1000);
    private static readonly string[] Victims = ["orchestrator-1", "tool-workers-1", "llm-gateway-1", "orchestrator-2", "tool-workers-2", "llm-gateway-2"];

    public async Task<Percentiles?> RunAsync(List<StruckFault> faults, CancellationToken cancellationToken)
    {
        var times = new List<double>();
        for (var trial = 0; trial < trials; trial++)
        {
            var victim = pipeline[Victims[trial % Victims.Length]];
            await pipeline.WhenReadyAsync(TimeSpan.FromMinutes(1), cancellationToken);
            await WhenCarriedAsync(cancellationToken);
            // The load between two kills, and the freeze: durations that are part of the trial.
            await Task.Delay(TimeSpan.FromSeconds(2), cancellationToken);
            await victim.FreezeAsync();
            await Task.Delay(Held, cancellationToken);
            await victim.KillAsync();
            var killed = DateTime.UtcNow;
            victim.Start();
            var held = await HeldAsync(killed, cancellationToken);
            var late = load.Acknowledged.Where(x => x.Value < killed - (Held / 2)).Select(x => CaseBook.KeyOf(x.Key)).ToArray();
            var back = await StepsAsync(held, killed, cancellationToken);
            back.AddRange(await AcceptedLateAsync(late, killed, cancellationToken));
            times.AddRange(back);
            faults.Add(new StruckFault($"kill -9 {victim.Name}, which held {back.Count}, the last one {(back.Count == 0 ? 0 : back.Max()):0.00} s", "kill", killed, DateTime.UtcNow));
            if ((trial + 1) % 6 == 0)
            {
                say($"  {trial + 1} kills, {times.Count} invocations in dead hands, longest {(times.Count == 0 ? 0 : times.Max()):0.00} s");
            }
        }

        return Percentiles.Of(times);
    }

    private async Task WhenCarriedAsync(CancellationToken cancellationToken)
    {
        var since = DateTime.UtcNow;
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        for (var quiet = 0; quiet < 4; await timer.WaitForNextTickAsync(cancellationToken))
        {
            var open = (await Sql.RowsAsync(pipeline.Orchestrator, """SELECT count(*) FROM invocations WHERE "EndedAt" IS NULL""", x => x.GetInt64(0), cancellationToken))[0];
            quiet = open <= carried ? quiet + 1 : 0;
            if (DateTime.UtcNow - since > Patience)
            {
                throw new StuckException($"{open} invocations are open, and not {carried} or fewer: the machine does not carry the load, so that nothing can be said of a recovery. Choose a lower --rate.");
            }
        }
    }

    private Task<List<Guid>> HeldAsync(DateTime killed, CancellationToken cancellationToken) => Sql.RowsAsync(
        pipeline.Orchestrator,
        """
        SELECT i."CorrelationId" FROM invocations i
        WHERE i."EndedAt" IS NULL AND NOT EXISTS (SELECT 1 FROM chaos_audit a WHERE a.invocation = i."CorrelationId" AND a.at > @quiet)
        """,
        x => x.GetGuid(0),
        cancellationToken,
        ("quiet", killed - (Held / 2)));

    private async Task<List<double>> StepsAsync(List<Guid> held, DateTime killed, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (true)
        {
            var steps = await Sql.RowsAsync(
                pipeline.Orchestrator,
                // From a moment before: a step that was being committed when the process died was in other hands, and may have been the last.
                "SELECT min(at) FROM chaos_audit WHERE invocation = ANY(@held) AND at > @quiet GROUP BY invocation",
                x => (x.GetDateTime(0) - killed).TotalSeconds,
                cancellationToken,
                ("held", held.ToArray()),
                ("quiet", killed - (Held / 2)));
            if (steps.Count == held.Count)
            {
                return [.. steps.Where(x => x > 0)];
            }

            if (DateTime.UtcNow - killed > TimeSpan.FromSeconds(60))
            {
                throw new StuckException($"{held.Count - steps.Count} of {held.Count} invocations in dead hands have made no step within 60 s.");
            }

            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    /// <summary>Submissions that the dead process held before they had a row.</summary>
    private Task<List<double>> AcceptedLateAsync(string[] keys, DateTime killed, CancellationToken cancellationToken) => Sql.RowsAsync(
        pipeline.Orchestrator,
        """SELECT "AcceptedAt" FROM invocations WHERE "IdempotencyKey" = ANY(@keys) AND "AcceptedAt" > @killed""",
        x => (x.GetDateTime(0) - killed).TotalSeconds,
        cancellationToken,
        ("keys", keys),
        ("killed", killed));
}
