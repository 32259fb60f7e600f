using MassTransit;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.Invocations;
using Pipeline.Contracts.ToolCalls;
using Pipeline.Orchestrator.Agents;

namespace Pipeline.Orchestrator.Invocations;

/// <summary>
/// The life of one agent invocation:
/// <code>
/// Initial ──submission──► AwaitingModel ──answer──────────────► Completed
///                          │   ▲     └────answer asks for tools──► AwaitingTools
///                          │   └──────────join of the tool results──────┘
///                          ├──answer past a limit, model failed──► Failed
///    any of the two ───────┼──deadline──► Expired
///                          └──cancel────► Cancelled
/// </code>
/// Every state lists every event it can meet; what is not handled is ignored on purpose and by name.
/// </summary>
public sealed class InvocationStateMachine : MassTransitStateMachine<InvocationState>
{
    public InvocationStateMachine(AgentCatalog agents, InvocationMetrics metrics, TimeProvider time, ILogger<InvocationStateMachine> logger)
    {
        InstanceState(x => x.CurrentState);

        Event(() => Submitted, x =>
        {
            x.CorrelateById(m => SubmissionIdentity.Of(m));
            x.SelectId(m => SubmissionIdentity.Of(m));
        });
        Event(() => CompletionReceived, x => Answer(x.CorrelateById(m => m.Message.InvocationId)));
        Event(() => CompletionFailed, x => Answer(x.CorrelateById(m => m.Message.InvocationId)));
        Event(() => ToolSucceeded, x => Answer(x.CorrelateById(m => m.Message.InvocationId)));
        Event(() => ToolFailed, x => Answer(x.CorrelateById(m => m.Message.InvocationId)));
        Event(() => TimerElapsed, x => Answer(x.CorrelateById(m => m.Message.InvocationId)));
        Event(() => ResumeRequested, x => Answer(x.CorrelateById(m => m.Message.InvocationId)));
        Event(() => CancelRequested, x => Answer(x.CorrelateById(m => m.Message.InvocationId)));

        Initially(
            When(Submitted)
                .Accept(agents, time)
                .RequestModelTurn(agents)
                .TransitionTo(AwaitingModel));

        // One When for an event, and the choice inside: the filters of several Whens are asked one after the other, each on what the
        // one before has already changed.
        During(AwaitingModel,
            When(CompletionReceived).IfElse(
                x => x.Message.Turn == x.Saga.Turn,
                answer => answer.RecordAnswer(metrics, time).Continue(this, agents, metrics, time),
                late => late.Then(x => logger.LateAnswerIgnored(x.Saga.CorrelationId, x.Message.Turn, x.Saga.Turn, x.Saga.CurrentState))),
            When(CompletionFailed).IfElse(
                x => x.Message.Turn == x.Saga.Turn,
                failure => failure.RecordModelFailure(time).IfElse(
                    x => x.Saga.Deadline <= time.GetUtcNow().UtcDateTime,
                    due => due.Expire(metrics, time).TransitionTo(Expired),
                    failed => failed.EndWithoutModel(this, agents, metrics, time)),
                late => late.Then(x => logger.LateAnswerIgnored(x.Saga.CorrelationId, x.Message.Turn, x.Saga.Turn, x.Saga.CurrentState))),
            When(ResumeRequested).AskModelAgain(agents),
            When(ToolSucceeded).Then(x => logger.LateResultIgnored(x.Saga.CorrelationId, x.Message.CallId, x.Saga.Turn)),
            When(ToolFailed).Then(x => logger.LateResultIgnored(x.Saga.CorrelationId, x.Message.CallId, x.Saga.Turn)));

        During(AwaitingTools,
            When(ToolSucceeded).IfElse(
                x => x.IsPending(x.Message.CallId),
                result => result.RecordResult(time).Join(agents, failed: false, logger, time).ContinueAfterLastResult(this, agents, time),
                late => late.Then(x => logger.LateResultIgnored(x.Saga.CorrelationId, x.Message.CallId, x.Saga.Turn))),
            When(ToolFailed).IfElse(
                x => x.IsPending(x.Message.CallId),
                failure => failure.RecordFailure(time).Join(agents, failed: true, logger, time).ContinueAfterLastResult(this, agents, time),
                late => late.Then(x => logger.LateResultIgnored(x.Saga.CorrelationId, x.Message.CallId, x.Saga.Turn))),
            When(ResumeRequested).AskToolsAgain(),
            Ignore(CompletionReceived),
            Ignore(CompletionFailed));

        During([AwaitingModel, AwaitingTools],
            When(TimerElapsed).IfElse(
                x => x.Saga.Deadline <= time.GetUtcNow().UtcDateTime,
                due => due.Expire(metrics, time).TransitionTo(Expired),
                early => early.WakeAgain()),
            When(CancelRequested)
                .Cancel(metrics, time)
                .TransitionTo(Cancelled));

        During([Completed, Failed, Expired, Cancelled],
            Ignore(CompletionReceived),
            Ignore(CompletionFailed),
            Ignore(ToolSucceeded),
            Ignore(ToolFailed),
            Ignore(TimerElapsed),
            Ignore(ResumeRequested),
            Ignore(CancelRequested));

        DuringAny(
            When(Submitted).IfElse(
                x => x.IsSameSubmission(),
                again => again.AnswerAcceptedAgain(time),
                other => other.Then(x => logger.IdempotencyConflict(x.Saga.CorrelationId, x.Saga.Tenant, x.Saga.IdempotencyKey)).AnswerConflict(time)));
    }

    public State AwaitingModel { get; } = null!;
    public State AwaitingTools { get; } = null!;
    public State Completed { get; } = null!;
    public State Failed { get; } = null!;
    public State Expired { get; } = null!;
    public State Cancelled { get; } = null!;

    public Event<SubmitInvocation> Submitted { get; } = null!;
    public Event<CompletionReceived> CompletionReceived { get; } = null!;
    public Event<CompletionFailed> CompletionFailed { get; } = null!;
    public Event<ToolSucceeded> ToolSucceeded { get; } = null!;
    public Event<ToolFailed> ToolFailed { get; } = null!;
    public Event<InvocationTimerElapsed> TimerElapsed { get; } = null!;
    public Event<ResumeInvocation> ResumeRequested { get; } = null!;
    public Event<CancelInvocation> CancelRequested { get; } = null!;

    // The row is committed before anything is requested, so an answer without a row is one that retention has overtaken.
    private static void Answer<T>(IEventCorrelationConfigurator<InvocationState, T> answer)
        where T : class => answer.OnMissingInstance(x => x.Discard());
}
