using MassTransit;

namespace Pipeline.Benchmarks.Store;

/// <summary>The saga of the store benchmark: three events, each of which leads to the next.</summary>
internal sealed class Trip : SagaStateMachineInstance
{
    public Guid CorrelationId { get; set; }

    public string CurrentState { get; set; } = null!;

    public int Steps { get; set; }
}
