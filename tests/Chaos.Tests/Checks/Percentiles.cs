namespace Pipeline.Chaos.Tests.Checks;

/// <summary>Times in seconds.</summary>
internal sealed record Percentiles(int Count, double P50, double P95, double P99, double Most)
{
    public static Percentiles? Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? null : new Percentiles(sorted.Count, At(sorted, 0.50), At(sorted, 0.95), At(sorted, 0.99), Math.Round(sorted[^1], 3));
    }

    // Nearest rank: no value that was not measured.
    private static double At(List<double> sorted, double share) => Math.Round(sorted[Math.Clamp((int)Math.Ceiling(share * sorted.Count) - 1, 0, sorted.Count - 1)], 3);
}
