using Pipeline.LlmGateway.Keys;
using Pipeline.LlmGateway.Providers;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Pools;

/// <summary>A configured pool at work: its endpoint, its limits, its circuit and who stands in for it.</summary>
internal sealed record ModelPool
{
    public required string Name { get; init; }

    public required string Model { get; init; }

    /// <summary>Deliveries worked on at once: those in flight and a few that wait for their turn.</summary>
    public required ushort Prefetch { get; init; }

    public required TokenEstimate Estimate { get; init; }

    /// <summary>The limit domains that its calls are counted in, used in turn.</summary>
    public required IReadOnlyList<string> Domains { get; init; }

    /// <summary>The part of the requested output that is likely; matters where output is charged as it is produced.</summary>
    public required double OutputShare { get; init; }

    public required EndpointCircuit Circuit { get; init; }

    public required ModelEndpoint Endpoint { get; init; }

    public required ApiKey Key { get; init; }

    public string? Fallback { get; init; }

    public long ExpectedOutput(int maxOutputTokens) => (long)(maxOutputTokens * OutputShare);
}
