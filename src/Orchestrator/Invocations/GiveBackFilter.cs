using System.Runtime.ExceptionServices;
using MassTransit;
using Pipeline.SagaStore;

namespace Pipeline.Orchestrator.Invocations;

/// <summary>
/// First in the error pipe: what an outage of the database or a stop of this process interrupted goes back to its queue. An event that is
/// as good as it was must not wait in the error queue for an operator.
/// </summary>
internal sealed class GiveBackFilter : IFilter<ExceptionReceiveContext>
{
    public async Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next)
    {
        if (context.Exception is OperationCanceledException || DatabaseOutage.Is(context.Exception))
        {
            // Thrown out of the receive pipeline: the transport then returns the delivery to the broker instead of acknowledging it.
            await context.NotifyFaulted(context.Exception);
            ExceptionDispatchInfo.Throw(context.Exception);
        }

        await next.Send(context);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("giveBack");
}
