using MassTransit;

namespace Pipeline.SagaStore.Tests.Samples;

/// <summary>A second saga, in a second DbContext.</summary>
public sealed class Invoice : SagaStateMachineInstance
{
    public Guid CorrelationId { get; set; }

    public string CurrentState { get; set; } = null!;
}

public sealed record WriteInvoice(Guid InvoiceId);

public sealed record InvoiceWritten(Guid InvoiceId);
