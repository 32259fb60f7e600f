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

    public required AdmissionGate Gate { get; init; }

    public required EndpointCircuit Circuit { get; init; }

    public required ModelEndpoint Endpoint { get; init; }

    public required ApiKey Key { get; init; }

    public string? Fallback { get; init; }
}
