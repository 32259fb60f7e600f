namespace Pipeline.Benchmarks.Measurement;

internal static class Percentile
{
    /// <summary>Nearest rank, of durations in milliseconds.</summary>
    public static double Of(IReadOnlyCollection<double> values, double percent)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? 0 : sorted[Math.Clamp((int)Math.Ceiling(percent / 100 * sorted.Length) - 1, 0, sorted.Length - 1)];
    }
}
