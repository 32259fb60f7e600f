using MassTransit;

namespace Pipeline.Benchmarks.Store;

/// <summary>Start publishes Advance, Advance publishes Finish, Finish publishes nothing. The row stays, as an invocation's does.</summary>
internal sealed class TripStateMachine : MassTransitStateMachine<Trip>
{
    public TripStateMachine()
    {
        InstanceState(x => x.CurrentState);
        Event(() => Started, x => x.CorrelateById(m => m.Message.TripId));
        Event(() => Advanced, x => x.CorrelateById(m => m.Message.TripId));
        Event(() => Finished, x => x.CorrelateById(m => m.Message.TripId));

        Initially(When(Started).Then(x => x.Saga.Steps++).Publish(x => new AdvanceTrip(x.Saga.CorrelationId)).TransitionTo(Underway));
        During(Underway, When(Advanced).Then(x => x.Saga.Steps++).Publish(x => new FinishTrip(x.Saga.CorrelationId)).TransitionTo(Arriving));
        During(Arriving, When(Finished).Then(x => x.Saga.Steps++).TransitionTo(Done));
    }

    public State Underway { get; } = null!;
    public State Arriving { get; } = null!;
    public State Done { get; } = null!;

    public Event<StartTrip> Started { get; } = null!;
    public Event<AdvanceTrip> Advanced { get; } = null!;
    public Event<FinishTrip> Finished { get; } = null!;
}
