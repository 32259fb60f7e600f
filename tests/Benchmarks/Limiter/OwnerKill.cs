namespace Pipeline.Benchmarks.Limiter;

/// <param name="At">When the process was killed.</param>
/// <param name="Pools">What it served.</param>
internal sealed record OwnerKill(DateTimeOffset At, IReadOnlyList<string> Pools);
