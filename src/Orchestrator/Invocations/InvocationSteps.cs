using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.Invocations;
using Pipeline.Contracts.ToolCalls;
using Pipeline.Orchestrator.Admission;
using Pipeline.Orchestrator.Agents;
using Pipeline.Orchestrator.Persistence;
using Pipeline.ServiceDefaults;

namespace Pipeline.Orchestrator.Invocations;

/// <summary>The verbs of <see cref="InvocationStateMachine"/>. What they send leaves after the commit.</summary>
internal static class InvocationSteps
{
    public static EventActivityBinder<InvocationState, SubmitInvocation> Accept(this EventActivityBinder<InvocationState, SubmitInvocation> binder, AgentCatalog agents, TimeProvider time) =>
        binder.ThenAsync(async context =>
        {
            var (saga, submission) = (context.Saga, context.Message);
            var agent = agents.Find(submission.Agent) ?? throw new InvalidOperationException($"The agent '{submission.Agent}' is not defined; the gate should have refused the submission.");
            await context.TakeSlotAsync(agent);
            var now = time.GetUtcNow().UtcDateTime;
            var limit = now + TimeSpan.FromSeconds(agent.Limits.DeadlineSeconds);
            saga.Tenant = submission.Tenant;
            saga.Agent = agent.Name;
            saga.AgentVersion = agent.Version;
            saga.Session = submission.Session;
            saga.IdempotencyKey = SubmissionIdentity.KeyOf(context);
            saga.SubmissionHash = SubmissionIdentity.HashOf(submission);
            saga.Priority = submission.Priority ?? "interactive";
            saga.Metadata = submission.Metadata is { Count: > 0 } metadata ? JsonSerializer.Serialize(metadata, TimelineJson.Stored.IReadOnlyDictionaryStringString) : null;
            saga.AcceptedAt = now;
            saga.Deadline = submission.Deadline is { } deadline && deadline.UtcDateTime < limit ? deadline.UtcDateTime : limit;
            saga.WakeAt = saga.Deadline;
            context.Append(TimelineKind.Accepted, new AcceptedPayload(submission.Input), TimelineJson.Stored.AcceptedPayload, time);
            var accepted = saga.Event(InvocationEventName.Accepted, time);
            await context.Publish(accepted);
            await context.Answer(accepted);
        });

    public static EventActivityBinder<InvocationState, SubmitInvocation> AnswerAcceptedAgain(this EventActivityBinder<InvocationState, SubmitInvocation> binder, TimeProvider time) =>
        binder.ThenAsync(context => context.Answer(context.Saga.Event(InvocationEventName.Accepted, time)));

    /// <summary>Refuses a submission that says something else under an identity that is taken. The other tenant's words stay unsaid.</summary>
    public static EventActivityBinder<InvocationState, SubmitInvocation> AnswerConflict(this EventActivityBinder<InvocationState, SubmitInvocation> binder, TimeProvider time) =>
        binder.ThenAsync(async context =>
        {
            var rejected = new InvocationEvent
            {
                InvocationId = context.Saga.CorrelationId,
                Tenant = context.Message.Tenant,
                Agent = context.Message.Agent,
                Session = context.Message.Session,
                Event = InvocationEventName.Rejected,
                At = time.GetUtcNow(),
                Metadata = context.Message.Metadata,
                Code = FailureCode.IdempotencyConflict,
                Reason = "The idempotency key or invocation id was used before with another body. Use a new one for a new request.",
            };
            await context.Publish(rejected);
            await context.Answer(rejected);
        });

    public static EventActivityBinder<InvocationState, T> RequestModelTurn<T>(this EventActivityBinder<InvocationState, T> binder, AgentCatalog agents)
        where T : class =>
        binder.ThenAsync(context =>
        {
            context.Saga.Turn++;
            return context.AskModel(agents);
        });

    public static EventActivityBinder<InvocationState, ResumeInvocation> AskModelAgain(this EventActivityBinder<InvocationState, ResumeInvocation> binder, AgentCatalog agents) =>
        binder.ThenAsync(context => context.AskModel(agents));

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

    public static EventActivityBinder<InvocationState, T> ContinueAfterLastResult<T>(
        this EventActivityBinder<InvocationState, T> binder, InvocationStateMachine machine, AgentCatalog agents, TimeProvider time)
        where T : class =>
        binder.If(x => x.Saga.PendingCalls is null, all => all
            .RequestModelTurn(agents)
            .ReportProgress(agents, machine.AwaitingModel.Name, time)
            .TransitionTo(machine.AwaitingModel));

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

    public static bool IsPending(this BehaviorContext<InvocationState> context, string callId) =>
        ToolCallId.IndexIn(context.Saga.CorrelationId, context.Saga.Turn, callId) is { } index && PendingCalls.Contains(context.Saga.PendingCalls, index);

    public static bool IsSameSubmission(this BehaviorContext<InvocationState, SubmitInvocation> context) =>
        context.Message.Tenant == context.Saga.Tenant && SubmissionIdentity.HashOf(context.Message).AsSpan().SequenceEqual(context.Saga.SubmissionHash);

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

    private static Task TakeSlotAsync(this BehaviorContext<InvocationState, SubmitInvocation> context, AgentDefinition agent)
    {
        // Without a ticket it came past the gate: it may fill the agent, not more.
        var limit = context.TryGetPayload<AdmissionTicket>(out var ticket)
            ? ticket.Limit
            : AdmissionLimits.Of(agent, context.GetPayload<IServiceProvider>().GetRequiredService<IOptions<AdmissionOptions>>().Value).Cap;
        return AdmissionSlots.TakeAsync(context.GetPayload<OrchestratorDbContext>(), agent.Name, limit, context.CancellationToken);
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

    private static async Task End<T>(this BehaviorContext<InvocationState, T> context, string name, string? output, Failure? failure, InvocationMetrics metrics, TimeProvider time)
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

    // Other people's text: not every database stores a zero byte or half a surrogate pair.
    private static string Storable(string reason)
    {
        var text = reason.Replace('\0', '\uFFFD');
        return text.Length <= 2000 ? text : text[..(char.IsHighSurrogate(text[1999]) ? 1999 : 2000)];
    }

    /// <summary>Writes down that the calls have no result and none is awaited: providers want an answer to every call.</summary>
    public static void NotAwaited<T>(this BehaviorContext<InvocationState, T> context, IReadOnlyList<int> calls, string reason, TimeProvider time)
        where T : class =>
        context.Append(TimelineKind.CallsNotAwaited, new CallsNotAwaitedPayload(calls, FailureCode.CallNotAwaited, reason), TimelineJson.Stored.CallsNotAwaitedPayload, time);

    private static void Append<T, TPayload>(this BehaviorContext<InvocationState, T> context, string kind, TPayload payload, JsonTypeInfo<TPayload> json, TimeProvider time)
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

    /// <summary>Answers a submission where an answer was asked for: by AMQP <c>reply_to</c>, or as a bus request.</summary>
    private static Task Answer(this ConsumeContext<SubmitInvocation> context, InvocationEvent answer)
    {
        if (AmqpDelivery.ReplyOf(context) is { } reply)
        {
            return AmqpDelivery.ReplyAsync(context, reply, answer, context.CancellationToken);
        }

        // Not as events leave: a requester's own bus reads the envelope.
        return context.ResponseAddress is null ? Task.CompletedTask : context.RespondAsync(answer, x => x.Serializer = x.Serialization.GetMessageSerializer(PipelineBus.Envelope));
    }

    private enum NextStep
    {
        None = 0,
        Complete,
        Fail,
        RunTools,
    }
}
