using Pipeline.Benchmarks.Measurement;

namespace Pipeline.Benchmarks.Limiter;

/// <summary>
/// The reference incident: 40 agents at once on an endpoint that takes 20 calls at a time and whose bucket of requests holds 20. Each agent
/// asks again when it is answered, as the turns of an invocation do.
/// </summary>
internal sealed class FortyAgents(LimiterSettings settings) : ILimiterScenario
{
    private const int Agents = 40;
    private const int Concurrency = 20;
    private const int PerMinute = 1200;
    private const int LatencyMilliseconds = 500;

    public async Task<LimiterResult> RunAsync(CancellationToken cancellationToken)
    {
        var targets = new Targets();
        await using var rig = await LimiterRig.CreateAsync(settings, "incident");
        var organisation = $"Organisations:{Lane.Organisation}:";
        var simulator = await rig.StartSimulatorAsync(
            "provider",
            new Dictionary<string, string?>
            {
                ["Keys:bench-incident-key"] = Lane.Organisation,
                [organisation + "Preset"] = "OpenAi",
                [organisation + "Concurrency"] = ProviderShape.Number(Concurrency),
                [organisation + "RequestsPerMinute"] = ProviderShape.Number(PerMinute),
                [organisation + "BurstSeconds"] = "1",
            },
            LatencyMilliseconds,
            cancellationToken);

        // The one hint: an operator of an endpoint that takes 20 a second knows that it does not save up a minute.
        rig.AddPool(
            "incident", ProviderShape.All[0], simulator.Url, new Dictionary<string, string> { ["first"] = "bench-incident-key" },
            new Dictionary<string, string?> { ["Concurrency"] = ProviderShape.Number(Concurrency), ["RequestsPerMinute"] = ProviderShape.Number(PerMinute), ["Burst"] = "00:00:01" });
        await rig.StartGatewaysAsync(1, ["incident"], cancellationToken);

        // The buckets start empty, and a process has to warm up: not what the incident was about.
        var sizes = new RequestSizes(3);
        await (await rig.Callers.PublishAsync("incident", "warm-up", sizes.Next(), TimeSpan.FromMinutes(2), cancellationToken)).Answered.Task.WaitAsync(TimeSpan.FromMinutes(2), cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);

        var until = TimeProvider.System.GetUtcNow() + settings.Length;
        await Task.WhenAll(Enumerable.Range(1, Agents).Select(AgentAsync));
        var report = await simulator.ReportAsync(null, null, cancellationToken);
        var totals = await simulator.TotalsAsync(cancellationToken);
        var calls = rig.Callers.Calls;
        var waits = calls.Where(x => x.AnsweredAt is not null).Select(x => (x.AnsweredAt!.Value - x.PublishedAt).TotalMilliseconds).ToList();
        targets.Holds("the ledger is complete", report.Complete);
        targets.Exactly("429s", report.TooManyRequests.Values.Sum(), 0);
        targets.Exactly("requests without a completion", calls.Count(x => x.AnsweredAt is null || x.FailureCode is not null), 0);
        targets.Exactly("answers too many", calls.Sum(x => x.Duplicates + x.Repeats), 0);
        targets.Most("calls at once at the provider", totals.MaxConcurrent, Concurrency);
        var figures = new Figures("40 agents at once")
            .Add("requests", calls.Count)
            .Add("answered", calls.Count(x => x.AnsweredAt is not null && x.FailureCode is null))
            .Add("429s", report.TooManyRequests.Values.Sum())
            .Add("most calls at once at the provider", totals.MaxConcurrent)
            .Add("calls/s", report.Arrivals / settings.Length.TotalSeconds)
            .Add("calls/s that 20 at a time and 20 a second allow", Math.Min(PerMinute / 60d, Concurrency / (LatencyMilliseconds / 1000d)))
            .Add("answer p50, ms", Percentile.Of(waits, 50))
            .Add("answer p99, ms", Percentile.Of(waits, 99));
        return new LimiterResult([figures], [], targets, "The gateway's domain has Concurrency 20, RequestsPerMinute 1200 and Burst 1 s; a call takes 500 ms.");

        async Task AgentAsync(int number)
        {
            do
            {
                var call = await rig.Callers.PublishAsync("incident", $"tenant-{number % 5}", sizes.Next(), TimeSpan.FromMinutes(2), cancellationToken);
                await Task.WhenAny(call.Answered.Task, Task.Delay(TimeSpan.FromMinutes(3), cancellationToken));
            }
            while (TimeProvider.System.GetUtcNow() < until);
        }
    }
}
