using Pipeline.LlmGateway.Estimates;
using Pipeline.LlmGateway.Keys;
using Pipeline.LlmGateway.Providers;

namespace Pipeline.LlmGateway.Pools;

/// <summary>A configured pool at work: its endpoint, its limits, its circuit and who stands in for it.</summary>
internal sealed record ModelPool
{
    public required string Name { get; init; }

    public required string Model { get; init; }

    /// <summary>Deliveries worked on at once: those in flight and a few that wait for their turn.</summary>
    public required ushort Prefetch { get; init; }

    /// <summary>What its requests will take, as learned.</summary>
    public required PoolEstimates Estimates { get; init; }

    public required EndpointCircuit Circuit { get; init; }

    public required ModelEndpoint Endpoint { get; init; }

    /// <summary>The limit domains that its calls are counted in, used in turn.</summary>
    public required IReadOnlyList<string> Domains { get; init; }

    /// <summary>The keys of each of <see cref="Domains"/>.</summary>
    public required IReadOnlyList<KeyRing> Keys { get; init; }

    /// <summary>The model's context window; 0 is not known.</summary>
    public required int ContextTokens { get; init; }

    public bool HasUsableKey => Keys.Any(x => x.HasUsable);

    /// <summary>Not worth asking at the moment: nothing but a probe is let through, or no key is left.</summary>
    public bool IsOut => Circuit.IsOut || !HasUsableKey;

    public string? Fallback { get; init; }
}
