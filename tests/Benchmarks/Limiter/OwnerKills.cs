using System.Globalization;
using Pipeline.Benchmarks.Measurement;
using Pipeline.ProviderSimulator.Limits;

namespace Pipeline.Benchmarks.Limiter;

/// <summary>Two gateways under a backlog that never runs dry; the one that serves a pool is killed every 30 seconds, and another started in its place.</summary>
internal sealed class OwnerKills(LimiterSettings settings) : ILimiterScenario
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    // What a kill has to be away from a measurement's end, so that its recovery is seen.
    private static readonly TimeSpan LongestRecovery = TimeSpan.FromSeconds(15);

    public async Task<LimiterResult> RunAsync(CancellationToken cancellationToken)
    {
        var (targets, all, rounds) = (new Targets(), new List<Figures>(), new List<Figures>());
        await using var rig = await LimiterRig.CreateAsync(settings, "kills");
        var lanes = new List<Lane>();
        foreach (var shape in settings.Shapes)
        {
            lanes.Add(await Lane.AddAsync(rig, shape, settings.CallsPerSecond, keys: null, cancellationToken));
        }

        await rig.StartGatewaysAsync(2, lanes.Select(x => x.Pool), cancellationToken);
        foreach (var (lane, index) in lanes.Select((x, i) => (x, i)))
        {
            lane.KeepBusy(seed: 200 + index, cancellationToken);
        }

        var from = await SteadySpan.BeginAsync(settings.WarmUp, cancellationToken);
        var kills = new List<OwnerKill>();
        var missed = 0;
        for (var next = from; next < from + settings.Length; next += Interval)
        {
            await SteadySpan.UntilAsync(next, cancellationToken);
            var pool = lanes[kills.Count % lanes.Count].Pool;
            if (await rig.KillOwnerAsync(pool, lanes.Select(x => x.Pool), cancellationToken) is { } kill)
            {
                kills.Add(kill);
                LimiterVerb.Say($"killed the owner of '{string.Join("' and '", kill.Pools)}' ({kills.Count})");
            }
            else
            {
                missed++;
                LimiterVerb.Say($"nobody served '{pool}' 30 s after the last kill");
            }
        }

        var to = from + settings.Length;
        await SteadySpan.UntilAsync(to + LongestRecovery, cancellationToken);
        foreach (var lane in lanes)
        {
            await lane.StopAsync();
        }

        await rig.Callers.WhenAllAnsweredAsync(TimeSpan.FromMinutes(5), cancellationToken);
        await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);
        targets.Exactly("kills that found no owner", missed, 0);
        foreach (var lane in lanes)
        {
            var name = lane.Shape.Name;
            var figures = await lane.FiguresAsync(name, from, to, mayRepeat: true, targets, cancellationToken);
            var calls = await lane.Simulator.EntriesAsync(null, null, cancellationToken);
            var report = await lane.Simulator.ReportAsync(from, to, cancellationToken);
            var binding = report.Limits.MaxBy(x => x.Utilisation)!.Limit;
            var (back, inFlight) = (new List<double?>(), 0);
            foreach (var (kill, index) in kills.Select((x, i) => (x, i)))
            {
                // A pool whose owner lives on does not notice.
                if (!kill.Pools.Contains(lane.Pool))
                {
                    continue;
                }

                var end = index + 1 < kills.Count ? kills[index + 1].At : to + LongestRecovery;
                var seconds = Recovery.SecondsToFull(calls, binding, kill.At, end);
                inFlight += Recovery.InFlight(calls, kill.At);
                back.Add(seconds);
                rounds.Add(new Figures(string.Create(CultureInfo.InvariantCulture, $"{name}, kill {index + 1}"))
                    .Add("second", (kill.At - from).TotalSeconds)
                    .Add("in flight", Recovery.InFlight(calls, kill.At))
                    .Add("back to 97 % after, s", seconds)
                    .Add("share of the limit from 15 s on", Share(calls.Where(x => x.At >= kill.At + LongestRecovery && x.At < end).Sum(x => Charged(x, binding.Dimension)), binding, end - kill.At - LongestRecovery)));
            }

            targets.Most($"{name}: keys billed more than once", figures["keys billed more than once"], inFlight);
            if (binding.Shape is LimitShape.Sliding or LimitShape.Continuous && back.Count > 0)
            {
                targets.Most($"{name}: slowest return to 97 %, s", back.Any(x => x is null) ? null : back.Max(), LongestRecovery.TotalSeconds);
            }

            all.Add(figures
                .Add("kills", kills.Count)
                .Add("kills of its owner", back.Count)
                .Add("calls in flight at all kills", inFlight)
                .Add("back to 97 %, s: median", back.Count == 0 ? null : Percentile.Of([.. back.Select(x => x ?? double.PositiveInfinity)], 50))
                .Add("back to 97 %, s: slowest", back.Any(x => x is null) ? null : back.Max())
                .Add("kills after which it did not come back", back.Count(x => x is null)));
        }

        return new LimiterResult(all, rounds, targets, "The steady span begins with the first kill; its share of the limit is no target here. Duplicates of a call that was in flight are unavoidable: no provider takes an idempotency key.");
    }

    private static double Charged(ProviderSimulator.LedgerEntry call, LimitDimension dimension) => dimension switch
    {
        LimitDimension.InputTokens => call.Charges.Sum(x => x.Amount.InputTokens),
        LimitDimension.OutputTokens => call.Charges.Sum(x => x.Amount.OutputTokens),
        LimitDimension.Requests => call.Charges.Count > 0 ? 1 : 0,
        _ => call.Charges.Sum(x => x.Amount.Tokens),
    };

    private static double? Share(double charged, ProviderSimulator.LimitPeriod limit, TimeSpan span) =>
        span <= TimeSpan.FromSeconds(5) ? null : charged / (limit.PerMinute / 60d * span.TotalSeconds);
}
