using MassTransit;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Contracts.Completions;
using Pipeline.LlmGateway.Pools;

namespace Pipeline.LlmGateway.Completions;

/// <summary>Hands an answer to the broker: to whoever asked, else to the invocations' own queue; each attempt with a time limit of its own.</summary>
internal sealed class AnswerSender(IOptions<LlmOptions> options, TimeProvider time, ILogger<AnswerSender> logger)
{
    // 'exchange:' and not 'queue:', which would declare a queue of another type than the one that is there.
    private static readonly Uri InvocationEvents = new($"exchange:{QueueName.InvocationEvents}");

    /// <exception cref="AnswerUnconfirmedException">No attempt was confirmed.</exception>
    public async Task SendAsync<T>(ConsumeContext<RequestCompletion> request, T answer)
        where T : class
    {
        var messageId = AnswerMessageId.Of(request.Message.InvocationId, request.Message.Turn, typeof(T).Name);
        var settings = options.Value;
        for (var attempt = 1; ; attempt++)
        {
            using var limit = new CancellationTokenSource(settings.AnswerTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(request.CancellationToken, limit.Token);
            try
            {
                // WaitAsync as well as the token: a wait for a confirm that never comes need not look at the token.
                await SendOnceAsync(request, answer, messageId, either.Token).WaitAsync(either.Token);
                return;
            }
            catch (OperationCanceledException) when (!request.CancellationToken.IsCancellationRequested)
            {
                logger.AnswerUnconfirmed(
                    request.Message.InvocationId, request.Message.Turn, settings.AnswerTimeout.TotalMilliseconds, attempt, settings.AnswerAttempts);
                if (attempt >= settings.AnswerAttempts)
                {
                    throw new AnswerUnconfirmedException(
                        $"The broker did not confirm the answer of invocation '{request.Message.InvocationId}' turn '{request.Message.Turn}' " +
                        $"in {attempt} attempts of {settings.AnswerTimeout}. The request goes back to its queue; look at the broker's health.");
                }
            }
        }
    }

    private static async Task SendOnceAsync<T>(ConsumeContext<RequestCompletion> request, T answer, Guid messageId, CancellationToken cancellationToken)
        where T : class
    {
        // Not through the consume context: it keeps every send of its own and ends the delivery only after all of them, so that one that
        // hangs would hold the delivery for ever, and one that was cancelled would fail it although the next one succeeded.
        var endpoint = await request.ReceiveContext.SendEndpointProvider.GetSendEndpoint(request.ResponseAddress ?? InvocationEvents);
        await endpoint.Send(
            answer,
            send =>
            {
                send.MessageId = messageId;
                send.RequestId = request.RequestId;
                send.ConversationId = request.ConversationId;
                send.InitiatorId = request.CorrelationId;
            },
            cancellationToken);
    }
}
