using Pipeline.Benchmarks.Measurement;
using Pipeline.ProviderSimulator;
using Pipeline.ProviderSimulator.Limits;

namespace Pipeline.Benchmarks.Limiter;

/// <summary>A shape under measurement: its provider, its pool, its load, and what its ledger says.</summary>
internal sealed class Lane(LimiterRig rig, ProviderShape shape, Simulator simulator, int waiting)
{
    public const string Organisation = "org-bench";

    private static readonly TimeSpan NoHurry = TimeSpan.FromHours(3);

    private Backlog? _backlog;

    public ProviderShape Shape => shape;

    public string Pool => shape.Name;

    public Simulator Simulator => simulator;

    /// <summary>Starts a provider of the shape and gives the gateways a pool for it.</summary>
    /// <param name="rig">Where.</param>
    /// <param name="shape">Of the provider.</param>
    /// <param name="callsPerSecond">What its limit lets through.</param>
    /// <param name="keys">Alias and key; null for one that nobody looks for.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<Lane> AddAsync(LimiterRig rig, ProviderShape shape, double callsPerSecond, IReadOnlyDictionary<string, string>? keys, CancellationToken cancellationToken)
    {
        keys ??= new Dictionary<string, string> { ["first"] = $"bench-{shape.Name}-key" };
        var limits = shape.Limits(callsPerSecond);
        var settings = limits.ToDictionary(x => $"Organisations:{Organisation}:{x.Key}", x => x.Value);
        settings[$"Organisations:{Organisation}:Preset"] = shape.Preset;
        foreach (var key in keys.Values)
        {
            settings[$"Keys:{key}"] = Organisation;
        }

        var simulator = await rig.StartSimulatorAsync($"provider-{shape.Name}", settings, latency: null, cancellationToken);
        rig.AddPool(shape.Name, shape, simulator.Url, keys, limits);

        // Work for about forty seconds waits at any time.
        return new Lane(rig, shape, simulator, (int)Math.Max(100, callsPerSecond * 40));
    }

    public void KeepBusy(int seed, CancellationToken cancellationToken) => KeepBusy(seed, Backlog.OfFive(waiting), NoHurry, cancellationToken);

    public void KeepBusy(int seed, TimeSpan patience, CancellationToken cancellationToken) => KeepBusy(seed, Backlog.OfFive(waiting), patience, cancellationToken);

    public void KeepBusy(int seed, IReadOnlyDictionary<string, int> tenants, CancellationToken cancellationToken) => KeepBusy(seed, tenants, NoHurry, cancellationToken);

    private void KeepBusy(int seed, IReadOnlyDictionary<string, int> tenants, TimeSpan patience, CancellationToken cancellationToken) =>
        _backlog = Backlog.Keep(rig.Callers, Pool, seed, tenants, patience, cancellationToken);

    public async Task StopAsync()
    {
        if (_backlog is not null)
        {
            await _backlog.StopAsync();
            _backlog = null;
        }
    }

    /// <summary>Counts the whole run and its steady span, when everything is answered.</summary>
    public async Task<Figures> FiguresAsync(string name, DateTimeOffset from, DateTimeOffset to, bool mayRepeat, Targets targets, CancellationToken cancellationToken)
    {
        var whole = await simulator.ReportAsync(null, null, cancellationToken);
        var steady = await simulator.ReportAsync(from, to, cancellationToken);
        var calls = rig.Callers.Calls.Where(x => x.Pool == Pool).ToList();
        var binding = steady.Limits.MaxBy(x => x.Utilisation);
        var refused = whole.TooManyRequests.Values.Sum();
        var lost = calls.Count(x => x.AnsweredAt is null);
        var doubled = calls.Sum(x => x.Duplicates + (mayRepeat ? 0 : x.Repeats));
        var failed = calls.Count(x => x.FailureCode is not null);
        var least = shape.IsContinuous ? 0.99 : 0.97;
        targets.Holds($"{name}: the ledger is complete", whole.Complete && steady.Complete);
        targets.Exactly($"{name}: 429s", refused, 0);
        if (!mayRepeat)
        {
            targets.Least($"{name}: share of the limit that binds ({binding?.Limit.Dimension})", binding?.Utilisation, least);
        }

        var worstWindow = Worst(whole, x => x.Limit.Shape == LimitShape.Sliding, x => x.WorstWindow);
        var peakFill = Worst(whole, x => x.Limit.Shape != LimitShape.Sliding && x.Limit.Dimension != LimitDimension.OutputTokens, x => x.PeakFill);
        if (worstWindow is not null)
        {
            targets.Most($"{name}: fullest window", worstWindow, 1);
        }

        if (peakFill is not null)
        {
            targets.Most($"{name}: fullest state", peakFill, 1);
        }

        targets.Exactly($"{name}: requests without an answer", lost, 0);
        targets.Exactly($"{name}: answers too many", doubled, 0);
        targets.Exactly($"{name}: requests that failed", failed, 0);
        return new Figures(name)
            .Add("requests", calls.Count)
            .Add("calls in the steady span", steady.Arrivals)
            .Add("steady span, s", (to - from).TotalSeconds)
            .Add("calls/s in it", steady.Arrivals / (to - from).TotalSeconds)
            .Add("429s, whole run", refused)
            .Add("share of the limit that binds", binding?.Utilisation)
            .Add("share of the limit of requests", steady.Limits.FirstOrDefault(x => x.Limit.Dimension == LimitDimension.Requests)?.Utilisation)
            .Add("fullest window (sliding), whole run", worstWindow)
            .Add("fullest state (others), whole run", peakFill)
            .Add("without an answer", lost)
            .Add("answers too many", doubled)
            .Add("copies of an answer with the same id", calls.Sum(x => x.Repeats))
            .Add("failed", failed)
            .Add("keys billed more than once", whole.RepeatedlyBilledKeys)
            .Add("provider's calls that did not end well", whole.Verdicts.Where(x => x.Key != nameof(Verdict.Answered)).Sum(x => x.Value));
    }

    private static double? Worst(LedgerReport report, Func<LimitReport, bool> of, Func<LimitReport, double> value) =>
        report.Limits.Where(of).Select(x => (double?)value(x)).DefaultIfEmpty(null).Max();
}
