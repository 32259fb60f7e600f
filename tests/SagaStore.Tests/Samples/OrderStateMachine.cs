using MassTransit;

namespace Pipeline.SagaStore.Tests.Samples;

public sealed class OrderStateMachine : MassTransitStateMachine<Order>
{
    public OrderStateMachine(FirstEventFailures failures)
    {
        InstanceState(x => x.CurrentState);
        Event(() => Submitted, x => x.CorrelateById(m => m.Message.OrderId));
        Event(() => Imported, x =>
        {
            x.CorrelateById(m => m.Message.OrderId);
            x.InsertOnInitial = true;
            x.SetSagaFactory(m => new Order { CorrelationId = m.Message.OrderId, CurrentState = Initial.Name, Customer = m.Message.Customer });
        });
        Event(() => PartArrived, x =>
        {
            x.CorrelateById(m => m.Message.OrderId);
            x.OnMissingInstance(m => m.Discard());
        });
        Event(() => Completed, x =>
        {
            x.CorrelateById(m => m.Message.OrderId);
            x.OnMissingInstance(m => m.Discard());
        });
        Event(() => Greeted, x => x.CorrelateBy((order, m) => order.Customer == m.Message.Customer));
        Event(() => Woken, x => x.CorrelateById(m => m.Message.OrderId));
        Event(() => Failing, x => x.CorrelateById(m => m.Message.OrderId));
        Event(() => ContextKept, x => x.CorrelateById(m => m.Message.OrderId));
        Event(() => FailedLoudly, x => x.CorrelateById(m => m.Message.OrderId));
        Event(() => Questioned, x =>
        {
            x.CorrelateById(m => m.Message.OrderId);
            x.ReadOnly = true;
            x.OnMissingInstance(m => m.ExecuteAsync(c => c.RespondAsync(new OrderMissing())));
        });

        Initially(
            When(Submitted)
                .Then(x => x.Saga.Customer = x.Message.Customer)
                .Then(x => failures.ThrowIfAsked(x.Message.Customer))
                .Publish(x => new OrderSubmitted(x.Saga.CorrelationId))
                .If(x => x.Message.Customer == InstantCustomer, x => x.Finalize())
                .Then(_ => FailIfArmed())
                .If(x => x.Message.Customer != InstantCustomer, x => x.TransitionTo(Open)),
            When(Imported)
                .Publish(x => new OrderSubmitted(x.Saga.CorrelationId))
                .TransitionTo(Open));

        During(Open,
            Ignore(Submitted),
            Ignore(Imported),
            When(ContextKept).Then(x => Kept = x),
            When(FailedLoudly).Then(x => throw new InvalidOperationException(new string('x', x.Message.Characters))),
            When(PartArrived)
                .Then(x => x.Saga.Parts++)
                .Publish(x => new PartAdded(x.Saga.CorrelationId, x.Message.Number))
                .Send(new Uri("exchange:part-descriptions"), x => new PartReference(x.Saga.CorrelationId, x.Message.Number)),
            When(Greeted).Publish(x => new CustomerGreeted(x.Saga.CorrelationId)),
            When(Woken).Then(x => x.Saga.WakeAt = null).TransitionTo(Awake),
            When(Failing)
                .Then(x => x.Saga.Parts = 1000)
                .Publish(x => new PartAdded(x.Saga.CorrelationId, -1))
                .Then(_ => throw new InvalidOperationException("The sample fails on purpose.")),
            When(Completed).Publish(x => new OrderDone(x.Saga.CorrelationId)).Finalize());

        DuringAny(When(Questioned).Respond(x => new OrderAnswer(x.Saga.CurrentState, x.Saga.Parts)));
        SetCompletedWhenFinalized();
    }

    /// <summary>The order of this customer is done as soon as it is submitted.</summary>
    public const string InstantCustomer = "instant";

    /// <summary>The next first event fails after it has sent its message.</summary>
    public bool FailsNext { get; set; }

    /// <summary>The context of an event that is over, for a test of what must not be done with it.</summary>
    public BehaviorContext<Order>? Kept { get; private set; }

    public State Open { get; } = null!;
    public State Awake { get; } = null!;

    public Event<SubmitOrder> Submitted { get; } = null!;
    public Event<ImportOrder> Imported { get; } = null!;
    public Event<KeepContext> ContextKept { get; } = null!;
    public Event<FailLoudly> FailedLoudly { get; } = null!;
    public Event<AddPart> PartArrived { get; } = null!;
    public Event<CompleteOrder> Completed { get; } = null!;
    public Event<GreetCustomer> Greeted { get; } = null!;
    public Event<OrderWoken> Woken { get; } = null!;
    public Event<FailAfterSending> Failing { get; } = null!;
    public Event<QuestionOrder> Questioned { get; } = null!;

    private void FailIfArmed()
    {
        if (FailsNext)
        {
            FailsNext = false;
            throw new InvalidOperationException("The sample fails on purpose, once.");
        }
    }
}
