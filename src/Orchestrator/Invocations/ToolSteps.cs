using System.Text.Json;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Pipeline.Contracts;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.Invocations;
using Pipeline.Contracts.ToolCalls;
using Pipeline.Orchestrator.Agents;
using Pipeline.Orchestrator.Persistence;

namespace Pipeline.Orchestrator.Invocations;

/// <summary>The verbs of <see cref="InvocationStateMachine"/> for tools: send the calls of an answer, record what became of them, go on after the last.</summary>
internal static class ToolSteps
{
    public static EventActivityBinder<InvocationState, ResumeInvocation> AskToolsAgain(this EventActivityBinder<InvocationState, ResumeInvocation> binder) =>
        binder.ThenAsync(async context =>
        {
            var saga = context.Saga;
            var answer = await context.GetPayload<OrchestratorDbContext>().Timeline.AsNoTracking()
                .SingleAsync(x => x.InvocationId == saga.CorrelationId && x.Turn == saga.Turn && x.Kind == TimelineKind.ModelAnswered, context.CancellationToken);
            var calls = JsonSerializer.Deserialize(answer.Payload, TimelineJson.Stored.ModelAnsweredPayload)!.ToolCalls!;
            for (var index = 0; index < calls.Count; index++)
            {
                if (PendingCalls.Contains(saga.PendingCalls, index))
                {
                    await context.AskTool(calls[index], index);
                }
            }
        });

    /// <summary>Sends the calls of the answer to their tools. A call that cannot be sent has its failure at once, for the model to read.</summary>
    public static EventActivityBinder<InvocationState, CompletionReceived> RequestTools(this EventActivityBinder<InvocationState, CompletionReceived> binder, AgentCatalog agents, TimeProvider time) =>
        binder.ThenAsync(async context =>
        {
            var saga = context.Saga;
            var agent = agents.Get(saga.Agent, saga.AgentVersion);
            var calls = context.Message.ToolCalls!;
            saga.ToolCalls += calls.Count;
            var possible = new List<int>(calls.Count);
            for (var index = 0; index < calls.Count; index++)
            {
                if (WhyNot(agent, calls[index], index) is { } refusal)
                {
                    context.Append(TimelineKind.ToolFailed, new ToolFailedPayload(index, calls[index].Name, refusal.Code, refusal.Reason, 0), TimelineJson.Stored.ToolFailedPayload, time);
                    continue;
                }

                possible.Add(index);
            }

            var pending = FanOutJoin.ToSend(agent.FanOut.Join, possible, calls);
            foreach (var index in pending)
            {
                await context.AskTool(calls[index], index);
            }

            if (pending.Count < possible.Count)
            {
                context.NotAwaited(possible, FanOutJoin.NotRun(agent.FanOut.Join), time);
            }

            saga.PendingCalls = pending.Count == 0 ? null : PendingCalls.Of(pending, calls.Count);
        });

    public static EventActivityBinder<InvocationState, ToolSucceeded> RecordResult(this EventActivityBinder<InvocationState, ToolSucceeded> binder, TimeProvider time) =>
        binder.Then(context =>
        {
            var (saga, result) = (context.Saga, context.Message);
            var index = ToolCallId.IndexIn(saga.CorrelationId, saga.Turn, result.CallId)!.Value;
            saga.PendingCalls = PendingCalls.Without(saga.PendingCalls!, index, hasResult: !result.IsFallback);
            saga.Degraded |= result.IsFallback;
            context.Append(
                TimelineKind.ToolSucceeded,
                new ToolResultPayload(index, result.Tool, result.Result, result.IsFallback, result.FallbackCode, result.Truncated, result.DurationMs, result.WorkerMs, result.Circuit, result.Redelivered, result.AsOf, result.AnsweredBy),
                TimelineJson.Stored.ToolResultPayload,
                time);
        });

    public static EventActivityBinder<InvocationState, ToolFailed> RecordFailure(this EventActivityBinder<InvocationState, ToolFailed> binder, TimeProvider time) =>
        binder.Then(context =>
        {
            var (saga, failure) = (context.Saga, context.Message);
            var index = ToolCallId.IndexIn(saga.CorrelationId, saga.Turn, failure.CallId)!.Value;
            saga.PendingCalls = PendingCalls.Without(saga.PendingCalls!, index);
            context.Append(TimelineKind.ToolFailed, new ToolFailedPayload(index, failure.Tool, failure.Code, failure.Reason, failure.DurationMs, failure.WorkerMs, failure.Circuit, failure.Redelivered), TimelineJson.Stored.ToolFailedPayload, time);
        });

    public static EventActivityBinder<InvocationState, T> ContinueAfterLastResult<T>(
        this EventActivityBinder<InvocationState, T> binder, InvocationStateMachine machine, AgentCatalog agents, TimeProvider time)
        where T : class =>
        binder.If(x => x.Saga.PendingCalls is null, all => all
            .RequestModelTurn(agents)
            .ReportProgress(agents, machine.AwaitingModel.Name, time)
            .TransitionTo(machine.AwaitingModel));

    public static bool IsPending(this BehaviorContext<InvocationState> context, string callId) =>
        ToolCallId.IndexIn(context.Saga.CorrelationId, context.Saga.Turn, callId) is { } index && PendingCalls.Contains(context.Saga.PendingCalls, index);

    /// <summary>Writes down that the calls have no result and none is awaited: providers want an answer to every call.</summary>
    public static void NotAwaited<T>(this BehaviorContext<InvocationState, T> context, IReadOnlyList<int> calls, string reason, TimeProvider time)
        where T : class =>
        context.Append(TimelineKind.CallsNotAwaited, new CallsNotAwaitedPayload(calls, FailureCode.CallNotAwaited, reason), TimelineJson.Stored.CallsNotAwaitedPayload, time);

    private static async Task AskTool<T>(this BehaviorContext<InvocationState, T> context, ToolCallRequest call, int index)
        where T : class
    {
        var saga = context.Saga;
        var queue = await context.GetSendEndpoint(new Uri($"exchange:{QueueName.Tool(call.Name)}"));
        await queue.Send(new RunTool
        {
            InvocationId = saga.CorrelationId,
            Turn = saga.Turn,
            CallId = ToolCallId.Of(saga.CorrelationId, saga.Turn, index),
            Tool = call.Name,
            Arguments = call.Arguments,
            Tenant = saga.Tenant,
            Agent = saga.Agent,
            Deadline = new DateTimeOffset(DateTime.SpecifyKind(saga.Deadline, DateTimeKind.Utc)),
        }, context.CancellationToken);
    }

    private static Failure? WhyNot(AgentDefinition agent, ToolCallRequest call, int index)
    {
        if (index >= agent.FanOut.Limit)
        {
            return new Failure(FailureCode.FanOutLimitReached, $"Only '{agent.FanOut.Limit}' tool calls of one turn are run. Ask for the others in a later turn.");
        }

        return agent.Tools.Contains(call.Name)
            ? null
            : new Failure(FailureCode.ToolUnknown, $"There is no tool '{call.Name}'. Use one of: {string.Join(", ", agent.Tools)}.");
    }
}
