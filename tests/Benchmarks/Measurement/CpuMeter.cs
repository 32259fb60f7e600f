namespace Pipeline.Benchmarks.Measurement;

/// <summary>The CPU time that a measurement took, split by process, and what the rest of the machine did meanwhile.</summary>
internal sealed class CpuMeter
{
    private readonly List<(ProcessTree Tree, double? Before)> _trees;
    private readonly (double Busy, double Total) _machine;

    private CpuMeter(IEnumerable<ProcessTree> trees)
    {
        _trees = [.. trees.Select(x => (x, x.CpuMilliseconds()))];
        _machine = Machine();
    }

    public static CpuMeter Start(IEnumerable<ProcessTree> trees) => new(trees);

    public CpuUse Stop()
    {
        var byProcess = _trees.ToDictionary(x => x.Tree.Name, x => x.Tree.CpuMilliseconds() - x.Before);
        var (busy, total) = Machine();
        var ours = byProcess.Values.Sum(x => x ?? 0);
        var others = total > _machine.Total ? Math.Max(0, (busy - _machine.Busy) - ours) / (total - _machine.Total) : 0;
        return new CpuUse(byProcess, others, (busy - _machine.Busy) / Math.Max(1, total - _machine.Total));
    }

    private static (double Busy, double Total) Machine()
    {
        if (!OperatingSystem.IsLinux())
        {
            return (0, 0);
        }

        // user nice system idle iowait irq softirq steal
        var ticks = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8)
            .Select(x => double.Parse(x, System.Globalization.CultureInfo.InvariantCulture) * 10).ToArray();
        return (ticks.Sum() - ticks[3] - ticks[4], ticks.Sum());
    }
}
