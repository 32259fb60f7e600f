using Pipeline.Benchmarks.Measurement;

namespace Pipeline.Benchmarks.Limiter;

/// <summary>
/// Nine tenants that keep a few requests waiting each, alone; then the same nine beside one that keeps a hundred times as many. Their waits
/// (published until it reached the provider) before and after, and how evenly the ten are served.
/// </summary>
internal sealed class NoisyTenant(LimiterSettings settings) : ILimiterScenario
{
    private const int Quiet = 9;
    private const int WaitingEach = 10;
    private const int Times = 100;
    private const string Noisy = "noisy";

    public async Task<LimiterResult> RunAsync(CancellationToken cancellationToken)
    {
        var targets = new Targets();
        await using var rig = await LimiterRig.CreateAsync(settings, "tenants");
        var lane = await Lane.AddAsync(rig, settings.Shapes[0], settings.CallsPerSecond, keys: null, cancellationToken);
        await rig.StartGatewaysAsync(1, [lane.Pool], cancellationToken);
        var quiet = Enumerable.Range(1, Quiet).ToDictionary(x => $"quiet-{x}", _ => WaitingEach);
        var alone = await PhaseAsync("alone", quiet);
        var beside = await PhaseAsync("beside the noisy one", new Dictionary<string, int>(quiet) { [Noisy] = WaitingEach * Times });
        var ratio = beside["quiet: wait p95, s"] / alone["quiet: wait p95, s"];
        targets.Most("p95 wait of the others, against alone", ratio, 1.5);
        targets.Least("Jain index of the ten", beside["Jain index of what was charged"], 0.98);
        targets.Exactly("429s", beside["429s"], 0);
        targets.Exactly("requests without an answer", rig.Callers.Outstanding, 0);
        return new LimiterResult(
            [alone.Add("p95 wait against alone", 1), beside.Add("p95 wait against alone", ratio)], [], targets,
            $"{Quiet} tenants keep {WaitingEach} requests waiting each, the noisy one {WaitingEach * Times}; all weights are 1, and shares of nine and of ten differ by a ninth.");

        async Task<Figures> PhaseAsync(string name, Dictionary<string, int> tenants)
        {
            lane.KeepBusy(seed: 300 + tenants.Count, tenants, cancellationToken);
            var from = await SteadySpan.BeginAsync(settings.WarmUp, cancellationToken);
            LimiterVerb.Say($"{name}: the span has begun");
            await SteadySpan.UntilAsync(from + settings.Length, cancellationToken);
            await lane.StopAsync();
            await rig.Callers.WhenAllAnsweredAsync(TimeSpan.FromMinutes(10), cancellationToken);
            var entries = await lane.Simulator.EntriesAsync(from, from + settings.Length, cancellationToken);
            var calls = rig.Callers.Calls.ToDictionary(x => x.Id.ToString());
            var served = entries.Where(x => x.InvocationId is not null && calls.ContainsKey(x.InvocationId)).Select(x => (Entry: x, Call: calls[x.InvocationId!])).ToList();
            var charged = tenants.Keys.Select(tenant => served.Where(x => x.Call.Tenant == tenant).Sum(x => (double)x.Entry.ChargedTokens)).ToList();
            var waits = served.Where(x => x.Call.Tenant != Noisy).Select(x => (x.Entry.At - x.Call.PublishedAt).TotalSeconds).ToList();
            var report = await lane.Simulator.ReportAsync(from, from + settings.Length, cancellationToken);
            return new Figures(name)
                .Add("tenants", tenants.Count)
                .Add("calls", served.Count)
                .Add("429s", report.TooManyRequests.Values.Sum())
                .Add("share of the limit that binds", report.Limits.Max(x => x.Utilisation))
                .Add("quiet: wait p50, s", Percentile.Of(waits, 50))
                .Add("quiet: wait p95, s", Percentile.Of(waits, 95))
                .Add("quiet: wait p99, s", Percentile.Of(waits, 99))
                .Add("Jain index of what was charged", Jain(charged))
                .Add("least served, of an even share", charged.Min() * charged.Count / charged.Sum())
                .Add("most served, of an even share", charged.Max() * charged.Count / charged.Sum());
        }
    }

    private static double Jain(List<double> shares) => shares.Sum() * shares.Sum() / (shares.Count * shares.Sum(x => x * x));
}
