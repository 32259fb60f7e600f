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
        if (AmqpDelivery.ReplyOf(context) is { } reply)
        {
            await AmqpDelivery.ReplyAsync(context, reply, rejected, context.CancellationToken).WaitAsync(SendLimit, time, context.CancellationToken);
        }
        else if (context.ResponseAddress is not null)
        {
            await context.RespondAsync(rejected).WaitAsync(SendLimit, time, context.CancellationToken);
        }

        await context.Publish(rejected, context.CancellationToken).WaitAsync(SendLimit, time, context.CancellationToken);
        throw new SubmissionRefusedException(failure.Code, failure.Reason);
    }
}
