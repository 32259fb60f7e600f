namespace Pipeline.Benchmarks.Limiter;

/// <summary>Of a provider since its start.</summary>
/// <param name="Arrivals">Calls.</param>
/// <param name="MaxConcurrent">The most at one time.</param>
internal sealed record LedgerTotals(long Arrivals, int MaxConcurrent);
