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

    public TimeSpan Interval => TimeSpan.FromSeconds(86_400 / (InvocationsPerDay * Scale));
}
