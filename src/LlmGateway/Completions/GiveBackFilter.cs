using System.Runtime.ExceptionServices;
using MassTransit;
using Pipeline.LlmGateway.Ownership;

namespace Pipeline.LlmGateway.Completions;

/// <summary>
/// Decides what a failed delivery becomes. Work that was interrupted (the service stops, another process owns the queue's domains, the broker does not confirm) goes back to its queue;
/// everything else goes on to the error queue, as a delivery that can never succeed must.
/// </summary>
internal sealed class GiveBackFilter : IFilter<ExceptionReceiveContext>
{
    public async Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next)
    {
        if (context.Exception is AnswerUnconfirmedException or FencedException or OperationCanceledException)
        {
            // Thrown out of the receive pipeline: the transport then returns the delivery to the broker instead of acknowledging it.
            await context.NotifyFaulted(context.Exception);
            ExceptionDispatchInfo.Throw(context.Exception);
        }

        await next.Send(context);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("giveBack");
}
