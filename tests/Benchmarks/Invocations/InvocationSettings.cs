using Pipeline.Benchmarks.Servers;

namespace Pipeline.Benchmarks.Invocations;

internal sealed record InvocationSettings
{
    public required ServerAddresses Servers { get; init; }

    public required int Count { get; init; }

    public required int Warmup { get; init; }

    public required int Concurrency { get; init; }
}
