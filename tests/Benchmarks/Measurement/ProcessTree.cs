using System.Globalization;

namespace Pipeline.Benchmarks.Measurement;

/// <summary>
/// A process and everything it started, by process id. Read from /proc, so on Linux only; elsewhere, and for servers of another machine or
/// user, there is no figure rather than a wrong one.
/// </summary>
internal sealed class ProcessTree(string name, int? rootId, bool withChildren = true)
{
    private const double MillisecondsPerTick = 10; // USER_HZ is 100 on every Linux that .NET runs on.

    public string Name => name;

    /// <summary>This process, without the services that it started: those are measured for themselves.</summary>
    public static ProcessTree Own(string name) => new(name, Environment.ProcessId, withChildren: false);

    /// <summary>
    /// The CPU time of the tree so far. What a process that ended had used is in the figure its parent carries for it, so the sum never falls.
    /// </summary>
    public double? CpuMilliseconds()
    {
        if (rootId is not { } root || !OperatingSystem.IsLinux() || !Directory.Exists($"/proc/{root}"))
        {
            return null;
        }

        var processes = ReadAll();
        var ticks = 0L;
        var open = new Queue<int>([root]);
        while (open.TryDequeue(out var id))
        {
            if (processes.TryGetValue(id, out var process))
            {
                ticks += process.Ticks;
            }

            foreach (var (child, _) in processes.Where(x => withChildren && x.Value.Parent == id))
            {
                open.Enqueue(child);
            }
        }

        return ticks * MillisecondsPerTick;
    }

    /// <summary>Resident memory of the process itself, MB.</summary>
    public double? ResidentMegabytes()
    {
        if (rootId is not { } root || !OperatingSystem.IsLinux() || !File.Exists($"/proc/{root}/status"))
        {
            return null;
        }

        var line = File.ReadLines($"/proc/{root}/status").FirstOrDefault(x => x.StartsWith("VmRSS:", StringComparison.Ordinal));
        return line is null ? null : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
    }

    private static Dictionary<int, (int Parent, long Ticks)> ReadAll()
    {
        var processes = new Dictionary<int, (int, long)>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id) && ReadStat(id) is { } stat)
            {
                processes[id] = stat;
            }
        }

        return processes;
    }

    private static (int Parent, long Ticks)? ReadStat(int id)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{id}/stat");
            // The name stands in brackets and may hold anything, a bracket too.
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            long Ticks(int field) => long.Parse(fields[field], CultureInfo.InvariantCulture);
            return ((int)Ticks(1), Ticks(11) + Ticks(12) + Ticks(13) + Ticks(14));
        }
        catch (IOException)
        {
            return null; // It ended in this moment.
        }
    }
}
