using MassTransit;
using Pipeline.Contracts.Invocations;

namespace Pipeline.Orchestrator.Admission;

/// <summary>Stands before the saga on <c>invocations.&lt;agent&gt;.waiting</c>. What is there has passed the rules when it was parked.</summary>
internal sealed class WaitingGate(string agent, AdmissionDesk desk) : IFilter<ConsumeContext<SubmitInvocation>>
{
    public Task Send(ConsumeContext<SubmitInvocation> context, IPipe<ConsumeContext<SubmitInvocation>> next) =>
        desk.WaitAsync(agent, context, () => next.Send(context));

    public void Probe(ProbeContext context) => context.CreateFilterScope("waitingGate");
}
