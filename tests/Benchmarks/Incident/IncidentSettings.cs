using Pipeline.Benchmarks.Servers;

namespace Pipeline.Benchmarks.Incident;

internal sealed record IncidentSettings
{
    public const double InvocationsPerDay = 12_000;

    public required ServerAddresses Servers { get; init; }

    /// <summary>Times 12 000 invocations a day.</summary>
    public required int Scale { get; init; }

    public required TimeSpan Healthy { get; init; }

    public required TimeSpan Dead { get; init; }

    public required TimeSpan Recovered { get; init; }

    public TimeSpan All => Healthy + Dead + Recovered;

    public TimeSpan Interval => IntervalAt(Scale);

    /// <summary>
    /// How long a phase lasts where nobody says: as asked at least, and as long as it takes for so many invocations. At x1 one comes in
    /// 7.2 s, and one in 14.4 s to the dead tool: a circuit that opens after five bad calls must be given them.
    /// </summary>
    public static TimeSpan LengthAt(int scale, int seconds, int invocations) => new[] { TimeSpan.FromSeconds(seconds), IntervalAt(scale) * invocations }.Max();

    private static TimeSpan IntervalAt(int scale) => TimeSpan.FromSeconds(86_400 / (InvocationsPerDay * scale));
}
