using System.Globalization;
using Pipeline.Benchmarks.Measurement;

namespace Pipeline.Benchmarks.Limiter;

/// <summary>A backlog that never runs dry, against each shape, with one, two, four gateways: how much of the limit is used, and is it ever exceeded?</summary>
internal sealed class Saturation(LimiterSettings settings) : ILimiterScenario
{
    public async Task<LimiterResult> RunAsync(CancellationToken cancellationToken)
    {
        var (targets, all) = (new Targets(), new List<Figures>());
        foreach (var replicas in settings.Replicas)
        {
            await using var rig = await LimiterRig.CreateAsync(settings, "saturation");
            var lanes = new List<Lane>();
            foreach (var shape in settings.Shapes)
            {
                lanes.Add(await Lane.AddAsync(rig, shape, settings.CallsPerSecond, keys: null, cancellationToken));
            }

            await rig.StartGatewaysAsync(replicas, lanes.Select(x => x.Pool), cancellationToken);
            foreach (var (lane, index) in lanes.Select((x, i) => (x, i)))
            {
                lane.KeepBusy(seed: 100 + index, cancellationToken);
            }

            var from = await SteadySpan.BeginAsync(settings.WarmUp, cancellationToken);
            var cpu = rig.MeasureCpu();
            var answeredBefore = rig.Callers.Calls.Count(x => x.AnsweredAt is not null);
            LimiterVerb.Say($"{replicas} gateways: the steady span has begun");
            await SteadySpan.UntilAsync(from + settings.Length, cancellationToken);
            var used = cpu.Stop();
            var answered = rig.Callers.Calls.Count(x => x.AnsweredAt is not null) - answeredBefore;
            var memory = rig.Gateways.Max(x => x.Tree.ResidentMegabytes());
            foreach (var lane in lanes)
            {
                await lane.StopAsync();
            }

            await rig.Callers.WhenAllAnsweredAsync(TimeSpan.FromMinutes(4), cancellationToken);

            // A second answer would come late.
            await Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);
            foreach (var lane in lanes)
            {
                var name = string.Create(CultureInfo.InvariantCulture, $"{lane.Shape.Name} x{replicas}");
                var figures = await lane.FiguresAsync(name, from, from + settings.Length, mayRepeat: false, targets, cancellationToken);
                all.Add(figures
                    .Add("CPU-ms of the gateways for an answer", used.Milliseconds.Where(x => x.Key.StartsWith("gateway", StringComparison.Ordinal)).Sum(x => x.Value) / Math.Max(1, answered))
                    .Add("CPU-ms of everything for an answer", used.Milliseconds.Sum(x => x.Value) / Math.Max(1, answered))
                    .Add("largest gateway, MB", memory)
                    .Add("machine: busy", used.BusyShare)
                    .Add("machine: others' share", used.OthersShare));
            }

            targets.Exactly($"{replicas} gateways: answers that nobody asked for", rig.Callers.Unknown, 0);
        }

        return new LimiterResult(all, [], targets, "The CPU is that of all shapes side by side. Steady spans are whole minutes of the clock; the ledger of each provider counted.");
    }
}
