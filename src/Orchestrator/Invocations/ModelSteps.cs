using MassTransit;
using Pipeline.Contracts;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.Invocations;
using Pipeline.Orchestrator.Agents;

namespace Pipeline.Orchestrator.Invocations;

/// <summary>The verbs of <see cref="InvocationStateMachine"/> for the model: ask it, record what it said, and what that leads to.</summary>
internal static class ModelSteps
{
    public static EventActivityBinder<InvocationState, T> RequestModelTurn<T>(this EventActivityBinder<InvocationState, T> binder, AgentCatalog agents)
        where T : class =>
        binder.ThenAsync(context =>
        {
            context.Saga.Turn++;
            return context.AskModel(agents);
        });

    public static EventActivityBinder<InvocationState, ResumeInvocation> AskModelAgain(this EventActivityBinder<InvocationState, ResumeInvocation> binder, AgentCatalog agents) =>
        binder.ThenAsync(context => context.AskModel(agents));

    public static EventActivityBinder<InvocationState, CompletionReceived> RecordAnswer(this EventActivityBinder<InvocationState, CompletionReceived> binder, InvocationMetrics metrics, TimeProvider time) =>
        binder.Then(context =>
        {
            var (saga, answer) = (context.Saga, context.Message);
            saga.InputTokens += answer.Usage.InputTokens;
            saga.OutputTokens += answer.Usage.OutputTokens;
            saga.Degraded |= answer.Degraded;
            metrics.TurnAnswered(saga.Agent, saga.Tenant, answer.Usage);
            context.Append(
                TimelineKind.ModelAnswered,
                new ModelAnsweredPayload(answer.Text, answer.ToolCalls, answer.FinishReason, answer.Usage, answer.Model, answer.Provider, answer.Degraded, answer.Effort),
                TimelineJson.Stored.ModelAnsweredPayload,
                time);
        });

    public static EventActivityBinder<InvocationState, CompletionFailed> RecordModelFailure(this EventActivityBinder<InvocationState, CompletionFailed> binder, TimeProvider time) =>
        binder.Then(context => context.Append(TimelineKind.ModelFailed, new ModelFailedPayload(context.Message.Code, context.Message.Reason, context.Message.Effort), TimelineJson.Stored.ModelFailedPayload, time));

    /// <summary>What a recorded answer leads to: the end, a limit, tools, or, where none of the calls can be run, the next turn.</summary>
    public static EventActivityBinder<InvocationState, CompletionReceived> Continue(
        this EventActivityBinder<InvocationState, CompletionReceived> binder, InvocationStateMachine machine, AgentCatalog agents, InvocationMetrics metrics, TimeProvider time) =>
        binder
            .If(x => x.Next(agents) == NextStep.Complete, done => done
                .ThenAsync(x => x.End(InvocationEventName.Completed, x.Message.Text ?? "", null, metrics, time))
                .TransitionTo(machine.Completed))
            .If(x => x.Next(agents) == NextStep.Fail, limit => limit
                .ThenAsync(x => x.End(InvocationEventName.Failed, null, x.LimitReached(agents), metrics, time))
                .TransitionTo(machine.Failed))
            .If(x => x.Next(agents) == NextStep.RunTools, tools => tools
                .RequestTools(agents, time)
                .IfElse(
                    x => x.Saga.PendingCalls is null,
                    allRefused => allRefused.RequestModelTurn(agents),
                    running => running.ReportProgress(agents, machine.AwaitingTools.Name, time).TransitionTo(machine.AwaitingTools)));

    public static EventActivityBinder<InvocationState, CompletionFailed> EndWithoutModel(
        this EventActivityBinder<InvocationState, CompletionFailed> binder, InvocationStateMachine machine, AgentCatalog agents, InvocationMetrics metrics, TimeProvider time) =>
        binder.IfElse(
            x => agents.Get(x.Saga.Agent, x.Saga.AgentVersion).FallbackAnswer is not null,
            fallback => fallback
                .Then(x => x.Saga.Degraded = true)
                .ThenAsync(x => x.End(InvocationEventName.Completed, agents.Get(x.Saga.Agent, x.Saga.AgentVersion).FallbackAnswer, new Failure(x.Message.Code, x.Message.Reason), metrics, time))
                .TransitionTo(machine.Completed),
            failed => failed
                .ThenAsync(x => x.End(InvocationEventName.Failed, null, new Failure(x.Message.Code, x.Message.Reason), metrics, time))
                .TransitionTo(machine.Failed));

    /// <summary>Asked of each branch in turn, so it must not say another thing once a branch has ended the invocation.</summary>
    private static NextStep Next(this BehaviorContext<InvocationState, CompletionReceived> context, AgentCatalog agents)
    {
        if (context.Saga.EndedAt is not null || context.Message.Turn != context.Saga.Turn)
        {
            return NextStep.None;
        }

        if (context.Message.ToolCalls is not { Count: > 0 })
        {
            return NextStep.Complete;
        }

        return context.LimitReached(agents) is null ? NextStep.RunTools : NextStep.Fail;
    }

    /// <summary>
    /// The limit that the tools of this answer, and the turn that would read their results, would go past; null where they are within all.
    /// Told before any tool runs: an effect whose result nobody may read should not happen.
    /// </summary>
    private static Failure? LimitReached(this BehaviorContext<InvocationState, CompletionReceived> context, AgentCatalog agents)
    {
        var (saga, answer) = (context.Saga, context.Message);
        var limits = agents.Get(saga.Agent, saga.AgentVersion).Limits;
        var tokens = saga.InputTokens + saga.OutputTokens;
        if (saga.Turn >= limits.MaxTurns)
        {
            return new Failure(FailureCode.TurnLimitReached, $"The model asked for tools in turn '{saga.Turn}', the last one that limits.maxTurns allows. Raise the limit, or see in the timeline why it does not come to an end.");
        }

        if (tokens >= limits.MaxTokens)
        {
            return new Failure(FailureCode.TokenLimitReached, $"The invocation used '{tokens}' tokens of the '{limits.MaxTokens}' that limits.maxTokens allows, and the model asked for more. Raise the limit, or shorten what the tools return.");
        }

        return saga.ToolCalls + answer.ToolCalls!.Count > limits.MaxToolCalls
            ? new Failure(FailureCode.ToolCallLimitReached, $"The model asked for '{answer.ToolCalls.Count}' more tool calls after '{saga.ToolCalls}'; limits.maxToolCalls allows '{limits.MaxToolCalls}'. Raise the limit, or see in the timeline why it does not come to an end.")
            : null;
    }

    private static async Task AskModel<T>(this BehaviorContext<InvocationState, T> context, AgentCatalog agents)
        where T : class
    {
        var saga = context.Saga;
        var agent = agents.Get(saga.Agent, saga.AgentVersion);
        var left = Math.Max(1, agent.Limits.MaxTokens - saga.InputTokens - saga.OutputTokens);
        var queue = await context.GetSendEndpoint(new Uri($"exchange:{QueueName.ModelPool(agent.Pool)}"));
        await queue.Send(new ModelTurnReference
        {
            InvocationId = saga.CorrelationId,
            Turn = saga.Turn,
            Tenant = saga.Tenant,
            Agent = saga.Agent,
            AgentVersion = saga.AgentVersion,
            MaxOutputTokens = Math.Min(agent.Limits.MaxOutputTokens, left),
            Deadline = saga.Deadline,
            Priority = saga.Priority,
        }, context.CancellationToken);
    }

    private enum NextStep
    {
        None = 0,
        Complete,
        Fail,
        RunTools,
    }
}
