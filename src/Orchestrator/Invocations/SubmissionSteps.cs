using System.Text.Json;
using MassTransit;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;
using Pipeline.Orchestrator.Admission;
using Pipeline.Orchestrator.Agents;
using Pipeline.Orchestrator.Persistence;
using Pipeline.ServiceDefaults;

namespace Pipeline.Orchestrator.Invocations;

/// <summary>The verbs of <see cref="InvocationStateMachine"/> for submissions: accepted, accepted before, refused.</summary>
internal static class SubmissionSteps
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

    public static bool IsSameSubmission(this BehaviorContext<InvocationState, SubmitInvocation> context) =>
        context.Message.Tenant == context.Saga.Tenant && SubmissionIdentity.HashOf(context.Message).AsSpan().SequenceEqual(context.Saga.SubmissionHash);

    private static Task TakeSlotAsync(this BehaviorContext<InvocationState, SubmitInvocation> context, AgentDefinition agent)
    {
        // Without a ticket it came past the gate: it may fill the agent, not more.
        var limit = context.TryGetPayload<AdmissionTicket>(out var ticket)
            ? ticket.Limit
            : AdmissionLimits.Of(agent, context.GetPayload<IServiceProvider>().GetRequiredService<IOptions<AdmissionOptions>>().Value).Cap;
        return AdmissionSlots.TakeAsync(context.GetPayload<OrchestratorDbContext>(), agent.Name, limit, context.CancellationToken);
    }

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
}
