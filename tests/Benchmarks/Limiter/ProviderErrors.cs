using System.Globalization;
using Pipeline.Benchmarks.Measurement;

namespace Pipeline.Benchmarks.Limiter;

/// <summary>
/// Money that is gone is never asked for twice, what cannot fit is never sent, and a limit that the provider changes is learnt.
/// </summary>
internal sealed class ProviderErrors(LimiterSettings settings) : ILimiterScenario
{
    private const int Asked = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    private static readonly (string Shape, string Code)[] Billing =
    [
        ("openai", "insufficient_quota"), ("openai", "credit_balance_exhausted"), ("openai", "organization_spend_limit_exceeded"), ("openai", "project_spend_limit_exceeded"),
        ("openai", "organization_usage_limit_exceeded"), ("openai", "billing_hard_limit_reached"),
        ("anthropic", "enforced_spend_limit_reached"), ("anthropic", "billing_error"), ("anthropic", "invalid_request_error"),
    ];

    public async Task<LimiterResult> RunAsync(CancellationToken cancellationToken)
    {
        var targets = new Targets();
        var figures = new List<Figures>();
        figures.AddRange(await NoMoneyAsync(targets, cancellationToken));
        figures.AddRange(await ChangedLimitAsync(targets, cancellationToken));
        return new LimiterResult(
            [.. figures.Take(1)], figures, targets,
            $"Each billing code and each size: {Asked} requests with a deadline of {Patience.TotalSeconds:0} s to a pool of its own. The limit falls to 60 % and rises to 150 % of what the gateway was told.");
    }

    private async Task<IReadOnlyList<Figures>> NoMoneyAsync(Targets targets, CancellationToken cancellationToken)
    {
        await using var rig = await LimiterRig.CreateAsync(settings, "errors");
        var pools = Billing.Select(x => (Name: x.Code.Replace('_', '-') + "-" + x.Shape, x.Shape, x.Code)).ToList();
        var provider = new Dictionary<string, string?> { ["ContextTokens"] = "50000", ["Keys:bench-size-key"] = "size", ["Organisations:size:TokensPerMinute"] = "20000" };
        foreach (var (name, _, code) in pools)
        {
            provider[$"Keys:bench-{name}-key"] = name;
            provider[$"Organisations:{name}:QuotaExhausted"] = "true";
            provider[$"Organisations:{name}:BillingCode"] = code;
            provider[$"Organisations:{name}:RequestsPerMinute"] = "6000";
        }

        var simulator = await rig.StartSimulatorAsync("provider", provider, latency: 50, cancellationToken);
        foreach (var (name, shape, _) in pools)
        {
            rig.AddPool(name, Shape(shape), simulator.Url, new Dictionary<string, string> { ["first"] = $"bench-{name}-key" }, new Dictionary<string, string?> { ["RequestsPerMinute"] = "6000" });
        }

        rig.AddPool(
            "too-large", Shape("openai"), simulator.Url, new Dictionary<string, string> { ["first"] = "bench-size-key" },
            new Dictionary<string, string?> { ["TokensPerMinute"] = "20000" });
        await rig.StartGatewaysAsync(1, pools.Select(x => x.Name).Append("too-large"), cancellationToken);

        foreach (var (name, _, _) in pools)
        {
            for (var number = 0; number < Asked; number++)
            {
                await rig.Callers.PublishAsync(name, "bench", new RequestSize(100, 0), Patience, cancellationToken);
            }
        }

        for (var number = 0; number < Asked; number++)
        {
            await rig.Callers.PublishAsync("too-large", "bench", new RequestSize(30_000, 0), Patience, cancellationToken);
        }

        await rig.Callers.WhenAllAnsweredAsync(Patience * 3, cancellationToken);
        var entries = await simulator.EntriesAsync(null, null, cancellationToken);
        var found = new List<Figures>();
        foreach (var (name, shape, code) in pools)
        {
            var calls = rig.Callers.Calls.Where(x => x.Pool == name).ToList();
            var arrivals = entries.Where(x => x.Organisation == name).ToList();
            var most = arrivals.GroupBy(x => x.InvocationId).Select(x => x.Count()).DefaultIfEmpty(0).Max();
            targets.Exactly($"{shape} {code}: calls beyond the first of a request", Math.Max(0, most - 1), 0);
            targets.Exactly($"{shape} {code}: requests without an answer", calls.Count(x => x.AnsweredAt is null), 0);
            targets.Exactly($"{shape} {code}: requests not failed by name", calls.Count(x => x.FailureCode is null), 0);
            found.Add(Describe($"{shape} {code}", calls, arrivals.Count, most));
        }

        var large = rig.Callers.Calls.Where(x => x.Pool == "too-large").ToList();
        var sent = entries.Count(x => x.Organisation == "size");
        targets.Exactly("too large: calls sent", sent, 0);
        targets.Exactly("too large: requests without an answer of that name", large.Count(x => x.FailureCode != Contracts.FailureCode.ModelRequestTooLarge), 0);
        found.Add(Describe("too large for the limit", large, sent, sent));
        return found;
    }

    private async Task<IReadOnlyList<Figures>> ChangedLimitAsync(Targets targets, CancellationToken cancellationToken)
    {
        await using var rig = await LimiterRig.CreateAsync(settings, "changed");
        var lane = await Lane.AddAsync(rig, settings.Shapes[0], settings.CallsPerSecond, keys: null, cancellationToken);
        await rig.StartGatewaysAsync(1, [lane.Pool], cancellationToken);
        lane.KeepBusy(seed: 400, cancellationToken);
        await SteadySpan.BeginAsync(settings.WarmUp, cancellationToken);
        var found = new List<Figures>();
        foreach (var (name, factor) in new[] { ("limit lowered to 60 %", 0.6), ("limit raised to 150 %", 1.5) })
        {
            var limits = lane.Shape.Limits(settings.CallsPerSecond).ToDictionary(
                x => char.ToLowerInvariant(x.Key[0]) + x.Key[1..], x => (int)(int.Parse(x.Value!, CultureInfo.InvariantCulture) * factor));
            var changed = await lane.Simulator.ChangeLimitsAsync(Lane.Organisation, limits, cancellationToken);
            LimiterVerb.Say(name);
            await SteadySpan.UntilAsync(changed.AddMinutes(3), cancellationToken);
            var entries = await lane.Simulator.EntriesAsync(changed, changed.AddMinutes(3), cancellationToken);
            var refused = entries.Where(x => x.Status == 429).ToList();
            var late = await lane.Simulator.ReportAsync(changed.AddMinutes(1), changed.AddMinutes(3), cancellationToken);
            var share = late.Limits.Where(x => x.Limit.ToTicks is null).Max(x => x.Utilisation);
            targets.Most($"{name}: 429s", refused.Count, 3);
            targets.Exactly($"{name}: 429s later than 60 s", refused.Count(x => x.At > changed.AddMinutes(1)), 0);
            targets.Least($"{name}: share of the new limit, minutes 2 and 3", share, 0.97);
            found.Add(new Figures(name)
                .Add("429s", refused.Count)
                .Add("last 429 after, s", refused.Count == 0 ? null : refused.Max(x => (x.At - changed).TotalSeconds))
                .Add("share of the new limit, minutes 2 and 3", share));
        }

        await lane.StopAsync();
        await rig.Callers.WhenAllAnsweredAsync(TimeSpan.FromMinutes(4), cancellationToken);
        targets.Exactly("changed limits: requests without an answer", rig.Callers.Outstanding, 0);
        return found;
    }

    private static Figures Describe(string name, List<ModelCall> calls, int arrivals, int most) => new Figures(name)
        .Add("requests", calls.Count)
        .Add("answered", calls.Count(x => x.AnsweredAt is not null))
        .Add("failed by name", calls.Count(x => x.FailureCode is not null))
        .Add("calls at the provider", arrivals)
        .Add("most for one request", most)
        .Add("slowest answer, s", calls.Max(x => (x.AnsweredAt - x.PublishedAt)?.TotalSeconds));

    private static ProviderShape Shape(string name) => ProviderShape.All.First(x => x.Name == name);
}
