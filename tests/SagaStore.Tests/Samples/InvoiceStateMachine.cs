using MassTransit;

namespace Pipeline.SagaStore.Tests.Samples;

public sealed class InvoiceStateMachine : MassTransitStateMachine<Invoice>
{
    public InvoiceStateMachine()
    {
        InstanceState(x => x.CurrentState);
        Event(() => Requested, x => x.CorrelateById(m => m.Message.InvoiceId));
        Initially(When(Requested).Publish(x => new InvoiceWritten(x.Saga.CorrelationId)).TransitionTo(Written));
        During(Written, Ignore(Requested));
    }

    public State Written { get; } = null!;

    public Event<WriteInvoice> Requested { get; } = null!;
}
