using Pipeline.Benchmarks.Measurement;

namespace Pipeline.Benchmarks.Limiter;

/// <summary>
/// Very many requests on a limit of one a minute: what it takes to hold them, and that nothing turns while they wait. Most then expire, by
/// name; the rest is answered when a gateway with a limit that fits takes over.
/// </summary>
internal sealed class ManyHeld(LimiterSettings settings) : ILimiterScenario
{
    private const string Pool = "held";
    private const double ShareAnswered = 0.05;
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(60);
    private static readonly RequestSize Size = new(250, 0);

    public async Task<LimiterResult> RunAsync(CancellationToken cancellationToken)
    {
        var targets = new Targets();
        var time = TimeProvider.System;
        await using var rig = await LimiterRig.CreateAsync(settings, "held");
        var simulator = await rig.StartSimulatorAsync("provider", new Dictionary<string, string?> { ["Keys:bench-held-key"] = Lane.Organisation }, latency: 20, cancellationToken);
        AddPool(rig, simulator, perMinute: 1);
        await rig.StartGatewaysAsync(1, [Pool], cancellationToken);
        var before = rig.Gateways[0].Tree.ResidentMegabytes();

        var started = time.GetTimestamp();
        var deadline = time.GetUtcNow() + settings.Length;
        var answered = (int)(settings.Held * ShareAnswered);
        await Parallel.ForEachAsync(Enumerable.Range(0, settings.Held), new ParallelOptions { MaxDegreeOfParallelism = 128, CancellationToken = cancellationToken }, async (number, token) =>
            await rig.Callers.PublishAsync(Pool, $"tenant-{number % 1000}", Size, number < answered ? TimeSpan.FromHours(1) : deadline - time.GetUtcNow(), token));
        var published = time.GetElapsedTime(started);
        LimiterVerb.Say($"{settings.Held} published in {published.TotalSeconds:0} s");
        while (await rig.Callers.DepthAsync(Pool, cancellationToken) > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500), cancellationToken);
        }

        var takenIn = time.GetElapsedTime(started);
        LimiterVerb.Say($"taken in after {takenIn.TotalSeconds:0} s");

        // What the intake left behind settles first.
        await Task.Delay(TimeSpan.FromSeconds(10), cancellationToken);
        var memory = rig.Gateways[0].Tree.ResidentMegabytes();
        var most = memory;
        var cpu = rig.MeasureCpu();
        for (var second = 0; second < Quiet.TotalSeconds; second++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken);
            most = Math.Max(most ?? 0, rig.Gateways[0].Tree.ResidentMegabytes() ?? 0);
        }

        var used = cpu.Stop();
        var idle = used.Milliseconds.First(x => x.Key.StartsWith("gateway", StringComparison.Ordinal)).Value / Quiet.TotalMilliseconds;
        var quietIsOver = time.GetUtcNow();
        await SteadySpan.UntilAsync(deadline, cancellationToken);
        var expiring = time.GetTimestamp();
        var called = (await simulator.TotalsAsync(cancellationToken)).Arrivals;
        while (rig.Callers.Outstanding > answered && time.GetElapsedTime(expiring) < TimeSpan.FromMinutes(5))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500), cancellationToken);
        }

        var expired = time.GetElapsedTime(expiring);
        var mostExpiring = rig.Gateways[0].Tree.ResidentMegabytes();
        LimiterVerb.Say("expired; the limit is lifted");
        await rig.StopGatewaysAsync();
        AddPool(rig, simulator, perMinute: 1_000_000);
        var lifted = time.GetTimestamp();
        await rig.StartGatewaysAsync(1, [Pool], cancellationToken);
        await rig.Callers.WhenAllAnsweredAsync(TimeSpan.FromMinutes(5), cancellationToken);
        var worked = time.GetElapsedTime(lifted);
        await Task.Delay(TimeSpan.FromSeconds(2), cancellationToken);

        var calls = rig.Callers.Calls;
        var completed = calls.Count(x => x.AnsweredAt is not null && x.FailureCode is null);
        targets.Most("resident memory while holding, MB", most, 300);
        targets.Most("CPU while holding, of one core", idle, 0.02);
        targets.Exactly("requests without an answer", calls.Count(x => x.AnsweredAt is null), 0);
        targets.Exactly("answers too many", calls.Sum(x => x.Duplicates), 0);
        targets.Exactly("failures of another name than the deadline", calls.Count(x => x.FailureCode is not (null or Contracts.FailureCode.DeadlineExceeded)), 0);
        targets.Holds("everything was taken in and quiet before the deadline", quietIsOver < deadline);
        targets.Least("answered after the limit was lifted", completed, answered);
        var figures = new Figures($"{settings.Held} held")
            .Add("published in, s", published.TotalSeconds)
            .Add("taken in after, s", takenIn.TotalSeconds)
            .Add("taken in a second", settings.Held / takenIn.TotalSeconds)
            .Add("MB before", before)
            .Add("MB while holding, at first", memory)
            .Add("MB while holding, most", most)
            .Add("MB when all had expired", mostExpiring)
            .Add("CPU while holding, of one core", idle)
            .Add("calls until the deadline", called)
            .Add("expired by name", calls.Count(x => x.FailureCode == Contracts.FailureCode.DeadlineExceeded))
            .Add("all expired after, s", expired.TotalSeconds)
            .Add("answered", completed)
            .Add("all answered after the new start, s", worked.TotalSeconds)
            .Add("copies of an answer with the same id", calls.Sum(x => x.Repeats));
        return new LimiterResult([figures], [], targets, $"One gateway, 1000 tenants, requests of {Size.Prompt} tokens (about 1 KB), a limit of one a minute; the quiet time is {Quiet.TotalSeconds:0} s.");
    }

    private static void AddPool(LimiterRig rig, Simulator simulator, int perMinute) => rig.AddPool(
        Pool, ProviderShape.All[0], simulator.Url, new Dictionary<string, string> { ["first"] = "bench-held-key" },
        new Dictionary<string, string?> { ["RequestsPerMinute"] = ProviderShape.Number(perMinute), ["Concurrency"] = "50" });
}
