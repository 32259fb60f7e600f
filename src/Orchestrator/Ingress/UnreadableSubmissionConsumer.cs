using MassTransit;
using Pipeline.Contracts.Invocations;
using Pipeline.Orchestrator.Invocations;

namespace Pipeline.Orchestrator.Ingress;

/// <summary>Refuses what is no submission.</summary>
internal sealed class UnreadableSubmissionConsumer(SubmissionRefusal refusal) : IConsumer<UnreadableSubmission>
{
    public Task Consume(ConsumeContext<UnreadableSubmission> context) => refusal.RefuseAsync(
        context,
        new InvocationEvent
        {
            InvocationId = context.Message.InvocationId ?? Guid.Empty,
            Tenant = context.Message.Tenant ?? "",
            Agent = context.Message.Agent ?? "",
            Event = InvocationEventName.Rejected,
            At = default,
        },
        new Failure(context.Message.Code, context.Message.Reason));
}
