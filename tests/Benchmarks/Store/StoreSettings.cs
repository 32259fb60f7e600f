using Pipeline.Benchmarks.Servers;

namespace Pipeline.Benchmarks.Store;

internal sealed record StoreSettings
{
    public required ServerAddresses Servers { get; init; }

    public required bool OverRabbitMq { get; init; }

    public required string Variant { get; init; }

    public required int Sagas { get; init; }

    public required int Warmup { get; init; }

    public required int Concurrency { get; init; }

    public required int Rounds { get; init; }

    public required bool ResetConnections { get; init; }

    public required int AutoPrepare { get; init; }
}
