using Pipeline.Benchmarks.Servers;

namespace Pipeline.Benchmarks.Limiter;

internal sealed record LimiterSettings
{
    public required ServerAddresses Servers { get; init; }

    /// <summary>Measured side by side, each with a provider, a domain and a pool of its own.</summary>
    public required IReadOnlyList<ProviderShape> Shapes { get; init; }

    /// <summary>Gateway processes; several counts are measured one after another.</summary>
    public required IReadOnlyList<int> Replicas { get; init; }

    /// <summary>The span that is measured.</summary>
    public required TimeSpan Length { get; init; }

    /// <summary>What passes before it: the gateway's buckets start empty, the provider's full.</summary>
    public required TimeSpan WarmUp { get; init; }

    /// <summary>What each shape's limit lets through.</summary>
    public required double CallsPerSecond { get; init; }

    /// <summary>Requests that are held, of the scenario of that name.</summary>
    public required int Held { get; init; }

    /// <summary>Where the logs of the processes stay; null where they go with the run.</summary>
    public DirectoryInfo? Logs { get; init; }
}
