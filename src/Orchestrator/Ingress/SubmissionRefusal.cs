using System.Diagnostics.CodeAnalysis;
using MassTransit;
using Pipeline.Contracts.Invocations;
using Pipeline.Orchestrator.Invocations;
using Pipeline.ServiceDefaults;

namespace Pipeline.Orchestrator.Ingress;

/// <summary>Says no: an answer where one was asked for, a <c>rejected</c> event, a dead letter with the bytes as they came, a metric, a log line.</summary>
internal sealed class SubmissionRefusal(InvocationMetrics metrics, TimeProvider time, ILogger<SubmissionRefusal> logger)
{
    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(10);

    public static InvocationEvent EventFor(SubmitInvocation submission) => new()
    {
        InvocationId = submission.InvocationId ?? Guid.Empty,
        Tenant = submission.Tenant ?? "",
        Agent = submission.Agent ?? "",
        Session = submission.Session,
        Event = InvocationEventName.Rejected,
        At = default,
        Metadata = submission.Metadata,
    };

    /// <exception cref="SubmissionRefusedException">Always: it makes the dead letter.</exception>
    [DoesNotReturn]
    public async Task RefuseAsync(ConsumeContext context, InvocationEvent rejected, Failure failure)
    {
        rejected = rejected with { At = time.GetUtcNow(), Code = failure.Code, Reason = failure.Reason };
        metrics.Refused(failure.Code);
        logger.SubmissionRefused(rejected.InvocationId, rejected.Tenant, rejected.Agent, failure.Code, failure.Reason);
        try
        {
            await AnswerAsync(context, rejected).WaitAsync(SendLimit, time, context.CancellationToken);
        }
#pragma warning disable CA1031 // Who names an address that cannot be answered is refused all the same. Where the broker is away, the event fails next.
        catch (Exception e) when (e is not (OperationCanceledException or TimeoutException))
#pragma warning restore CA1031
        {
            logger.AnswerImpossible(rejected.InvocationId, context.ResponseAddress, e);
        }

        await PublishAsync(context, rejected).WaitAsync(SendLimit, time, context.CancellationToken);
        throw new SubmissionRefusedException(failure.Code, failure.Reason);
    }

    // Both not through the consume context: it waits for every send of its own before it lets the delivery end, a hung one included.
    internal static async Task AnswerAsync(ConsumeContext context, InvocationEvent answer)
    {
        if (AmqpDelivery.ReplyOf(context) is { } reply)
        {
            await AmqpDelivery.ReplyAsync(context.ReceiveContext.SendEndpointProvider, reply, answer, context.CancellationToken);
        }
        else if (context.ResponseAddress is { } address)
        {
            var endpoint = await context.ReceiveContext.SendEndpointProvider.GetSendEndpoint(address);
            await endpoint.Send(answer, x =>
            {
                x.RequestId = context.RequestId;
                x.Serializer = x.Serialization.GetMessageSerializer(PipelineBus.Envelope);
            }, context.CancellationToken);
        }
    }

    internal static async Task PublishAsync(ConsumeContext context, InvocationEvent rejected)
    {
        var endpoint = await context.ReceiveContext.PublishEndpointProvider.GetPublishSendEndpoint<InvocationEvent>();
        await endpoint.Send(rejected, context.CancellationToken);
    }
}
