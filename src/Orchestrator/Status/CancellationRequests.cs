using MassTransit;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;
using Pipeline.Orchestrator.Access;
using Pipeline.Orchestrator.Http;

namespace Pipeline.Orchestrator.Status;

/// <summary>
/// Cancels. The saga decides the race with an answer that comes at the same time; what was asked of models and tools may still be worked on there,
/// and its answers are ignored.
/// </summary>
internal sealed class CancellationRequests(IBus bus, InvocationQueries queries, IOptions<HttpOptions> options, TimeProvider time, ILogger<CancellationRequests> logger)
{
    private const int RetrySeconds = 5;

    public async Task<IResult> CancelAsync(Guid id, Caller caller, CancellationToken aborted)
    {
        if (await queries.FindAsync(id, caller, aborted) is not { } view)
        {
            return StatusRoutes.Unknown(id);
        }

        if (view.EndedAt is not null)
        {
            return TypedResults.Ok(view);
        }

        using var limit = new CancellationTokenSource(options.Value.BusTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, aborted);
        try
        {
            var queue = await bus.GetSendEndpoint(new Uri($"exchange:{QueueName.InvocationEvents}")).WaitAsync(either.Token);
            await queue.Send(new CancelInvocation { InvocationId = id, Reason = $"Cancelled over HTTP by {(caller.IsOperator ? "an operator" : "its tenant")}." }, either.Token).WaitAsync(either.Token);
            return TypedResults.Accepted($"/invocations/{id}", new Cancellation(id, Cancellation.Requested));
        }
#pragma warning disable CA1031 // Whatever kept the bus from confirming: the caller hears that nothing is known, and that it can ask again.
        catch (Exception e) when (!aborted.IsCancellationRequested)
#pragma warning restore CA1031
        {
            logger.CancelUnconfirmed(id, options.Value.BusTimeout, e);
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, HttpCode.CancelUnconfirmed, $"The bus did not confirm within '{options.Value.BusTimeout}': whether '{id}' is cancelled is not known. Cancel it again.", RetrySeconds, id);
        }
    }
}
