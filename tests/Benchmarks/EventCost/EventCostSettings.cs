using Pipeline.Benchmarks.Servers;

namespace Pipeline.Benchmarks.EventCost;

internal sealed record EventCostSettings
{
    public required ServerAddresses Servers { get; init; }

    public required int Events { get; init; }

    public required int Concurrency { get; init; }
}
