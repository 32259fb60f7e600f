using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MassTransit;
using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;
using Pipeline.Orchestrator.Admission;
using Pipeline.Orchestrator.Agents;
using Pipeline.Orchestrator.Persistence;

namespace Pipeline.Orchestrator.Invocations;

/// <summary>The verbs of <see cref="InvocationStateMachine"/> that every part of a life has: timeline, progress, deadline, end. What they send leaves after the commit.</summary>
internal static class InvocationSteps
{
    /// <summary>
    /// The clock of the process that woke us is ahead of ours. The next wake-up is for another instant: one for the same would have the same
    /// message id and count as consumed.
    /// </summary>
    public static EventActivityBinder<InvocationState, InvocationTimerElapsed> WakeAgain(this EventActivityBinder<InvocationState, InvocationTimerElapsed> binder) =>
        binder.Then(context => context.Saga.WakeAt = new[] { context.Saga.Deadline, context.Message.DueAt }.Max().AddMilliseconds(1));

    public static EventActivityBinder<InvocationState, T> Expire<T>(this EventActivityBinder<InvocationState, T> binder, InvocationMetrics metrics, TimeProvider time)
        where T : class =>
        binder.ThenAsync(context => context.End(
            InvocationEventName.Expired,
            null,
            new Failure(FailureCode.DeadlineExceeded, $"The deadline '{context.Saga.Deadline:O}' passed while the invocation was '{context.Saga.CurrentState}' in turn '{context.Saga.Turn}'. Allow more time, or see the timeline for what it waited for."),
            metrics,
            time));

    public static EventActivityBinder<InvocationState, CancelInvocation> Cancel(this EventActivityBinder<InvocationState, CancelInvocation> binder, InvocationMetrics metrics, TimeProvider time) =>
        binder.ThenAsync(context => context.End(InvocationEventName.Cancelled, null, new Failure(FailureCode.Cancelled, context.Message.Reason ?? "Cancelled on request."), metrics, time));

    public static EventActivityBinder<InvocationState, T> ReportProgress<T>(this EventActivityBinder<InvocationState, T> binder, AgentCatalog agents, string state, TimeProvider time)
        where T : class =>
        binder.ThenAsync(context => agents.Get(context.Saga.Agent, context.Saga.AgentVersion).PublishProgress
            ? context.Publish(context.Saga.Event(InvocationEventName.Progressed, time) with { Seq = context.Saga.LastSeq, State = state })
            : Task.CompletedTask);

    /// <summary>The event as upstream systems see it.</summary>
    public static InvocationEvent Event(this InvocationState saga, string name, TimeProvider time) => new()
    {
        InvocationId = saga.CorrelationId,
        Tenant = saga.Tenant,
        Agent = saga.Agent,
        Session = saga.Session,
        Event = name,
        At = time.GetUtcNow(),
        Metadata = saga.Metadata is null ? null : JsonSerializer.Deserialize(saga.Metadata, TimelineJson.Stored.DictionaryStringString),
    };

    public static async Task End<T>(this BehaviorContext<InvocationState, T> context, string name, string? output, Failure? failure, InvocationMetrics metrics, TimeProvider time)
        where T : class
    {
        var saga = context.Saga;
        saga.Code = failure?.Code;
        saga.Reason = failure is null ? null : Storable(failure.Reason);
        saga.WakeAt = null;
        saga.PendingCalls = null;
        saga.EndedAt = time.GetUtcNow().UtcDateTime;
        context.Append(name, new EndedPayload(output, saga.Code, saga.Reason, saga.Degraded), TimelineJson.Stored.EndedPayload, time);
        await AdmissionSlots.GiveBackAsync(context.GetPayload<OrchestratorDbContext>(), saga.Agent, context.CancellationToken);
        metrics.Ended(saga.Agent, name, saga.Code, saga.EndedAt.Value - saga.AcceptedAt, saga.InputTokens + saga.OutputTokens);
        await context.Publish(saga.Event(name, time) with
        {
            Output = output,
            Degraded = saga.Degraded,
            Usage = new InvocationUsage { Turns = saga.Turn, ToolCalls = saga.ToolCalls, InputTokens = saga.InputTokens, OutputTokens = saga.OutputTokens },
            Code = saga.Code,
            Reason = saga.Reason,
        });
    }

    public static void Append<T, TPayload>(this BehaviorContext<InvocationState, T> context, string kind, TPayload payload, JsonTypeInfo<TPayload> json, TimeProvider time)
        where T : class =>
        context.GetPayload<OrchestratorDbContext>().Timeline.Add(new TimelineEntry
        {
            InvocationId = context.Saga.CorrelationId,
            Seq = ++context.Saga.LastSeq,
            Kind = kind,
            At = time.GetUtcNow().UtcDateTime,
            Turn = context.Saga.Turn,
            Payload = JsonSerializer.Serialize(payload, json),
        });

    // Other people's text: not every database stores a zero byte or half a surrogate pair.
    private static string Storable(string reason)
    {
        var text = reason.Replace('\0', '\uFFFD');
        return text.Length <= 2000 ? text : text[..(char.IsHighSurrogate(text[1999]) ? 1999 : 2000)];
    }
}
