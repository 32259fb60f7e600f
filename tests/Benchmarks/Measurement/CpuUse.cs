namespace Pipeline.Benchmarks.Measurement;

/// <param name="Milliseconds">CPU-milliseconds by process; null where a process cannot be seen.</param>
/// <param name="OthersShare">The part of the machine's CPU time that went to neither: the benchmark shared the machine to this extent.</param>
/// <param name="BusyShare">The part of the machine's CPU time that anything used.</param>
internal sealed record CpuUse(IReadOnlyDictionary<string, double?> Milliseconds, double OthersShare, double BusyShare)
{
    /// <summary>CPU-milliseconds of each process for one of <paramref name="count"/> things, and of all together.</summary>
    public IEnumerable<(string Name, double? Value)> Per(int count) =>
        Milliseconds.Select(x => ($"CPU-ms {x.Key}", x.Value / count)).Append(("CPU-ms all", Milliseconds.Values.Any(x => x is null) ? null : Milliseconds.Values.Sum() / count));
}
