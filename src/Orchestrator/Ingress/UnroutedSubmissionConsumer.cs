using MassTransit;
using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;
using Pipeline.Orchestrator.Invocations;

namespace Pipeline.Orchestrator.Ingress;

/// <summary>Refuses submissions whose routing key no agent has.</summary>
internal sealed class UnroutedSubmissionConsumer(SubmissionRules rules, SubmissionRefusal refusal) : IConsumer<SubmitInvocation>
{
    public Task Consume(ConsumeContext<SubmitInvocation> context) => refusal.RefuseAsync(
        context,
        SubmissionRefusal.EventFor(context.Message),
        rules.Check(context.Message) ?? new Failure(
            FailureCode.AgentUnknown,
            $"No agent has the routing key '{context.RoutingKey()}'. Publish with the agent's name, '{context.Message.Agent}', as routing key."));
}
