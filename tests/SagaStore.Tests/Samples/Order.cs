using MassTransit;

namespace Pipeline.SagaStore.Tests.Samples;

/// <summary>A saga that knows nothing of the store.</summary>
public sealed class Order : SagaStateMachineInstance
{
    public Guid CorrelationId { get; set; }

    public string CurrentState { get; set; } = null!;

    public string Customer { get; set; } = null!;

    public int Parts { get; set; }

    public DateTime? WakeAt { get; set; }
}

public sealed record SubmitOrder(Guid OrderId, string Customer);

public sealed record ImportOrder(Guid OrderId, string Customer);

public sealed record AddPart(Guid OrderId, int Number);

public sealed record CompleteOrder(Guid OrderId);

public sealed record QuestionOrder(Guid OrderId);

public sealed record OrderAnswer(string State, int Parts);

public sealed record OrderMissing;

public sealed record GreetCustomer(string Customer);

public sealed record OrderWoken(Guid OrderId, DateTime DueAt);

public sealed record FailAfterSending(Guid OrderId);

public sealed record KeepContext(Guid OrderId);

public sealed record FailLoudly(Guid OrderId, int Characters);

public sealed record OrderSubmitted(Guid OrderId);

public sealed record PartAdded(Guid OrderId, int Number);

public sealed record OrderDone(Guid OrderId);

public sealed record CustomerGreeted(Guid OrderId);

public sealed record PartReference(Guid OrderId, int Number);

public sealed record PartDescription(Guid OrderId, int Number, string Text);
