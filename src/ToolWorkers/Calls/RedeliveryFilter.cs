using System.Globalization;
using MassTransit;

namespace Pipeline.ToolWorkers.Calls;

/// <summary>
/// First in the error pipe: what failed for a reason that passes, or because this process is being stopped, goes back to its queue
/// instead of to the error queue, a bounded number of times.
/// </summary>
internal sealed class RedeliveryFilter(int maxDeliveries, ILogger<RedeliveryFilter> logger) : IFilter<ExceptionReceiveContext>
{
    /// <summary>Quorum queues count; classic queues do not, and there every delivery looks like the first.</summary>
    private const string DeliveryCountHeader = "x-delivery-count";

    public async Task Send(ExceptionReceiveContext context, IPipe<ExceptionReceiveContext> next)
    {
        var deliveries = DeliveriesSoFar(context);
        if (context.Exception.GetBaseException() is var cause && IsPassing(context.Exception) && deliveries < maxDeliveries)
        {
            logger.DeliveredAgain(cause, context.InputAddress, deliveries, maxDeliveries);
            await context.NotifyFaulted(context.Exception);
            throw context.Exception;
        }

        await next.Send(context);
    }

    public void Probe(ProbeContext context) => context.CreateFilterScope("redelivery");

    private static bool IsPassing(Exception exception) => exception is DeliveryFailedException or OperationCanceledException;

    private static int DeliveriesSoFar(ExceptionReceiveContext context) =>
        context.TransportHeaders.TryGetHeader(DeliveryCountHeader, out var value) && value is IConvertible
            ? Convert.ToInt32(value, CultureInfo.InvariantCulture) + 1
            : 1;
}
