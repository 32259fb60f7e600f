using MassTransit;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.LlmGateway.Pools;

namespace Pipeline.LlmGateway.Completions;

/// <summary>Hands an answer to the broker: to whoever asked, else to the invocations' own queue; each attempt with a time limit of its own.</summary>
internal sealed class AnswerSender(IServiceProvider services, IOptions<LlmOptions> options, TimeProvider time, ILogger<AnswerSender> logger)
{
    // 'exchange:' and not 'queue:', which would declare a queue of another type than the one that is there.
    private static readonly Uri InvocationEvents = new($"exchange:{QueueName.InvocationEvents}");

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);

    /// <exception cref="AnswerUnconfirmedException">No attempt was confirmed.</exception>
    public async Task SendAsync(CompletionKey key, StoredAnswer answer, ReplyTo replyTo, CancellationToken cancellationToken)
    {
        var settings = options.Value;
        for (var attempt = 1; ; attempt++)
        {
            using var limit = new CancellationTokenSource(settings.AnswerTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
            try
            {
                // WaitAsync as well as the token: a wait for a confirm that never comes need not look at the token.
                await SendOnceAsync(key, answer, replyTo, either.Token).WaitAsync(either.Token);
                return;
            }
#pragma warning disable CA1031 // A broker that is away fails in many ways; each is an attempt that did not succeed.
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                logger.AnswerUnconfirmed(e is OperationCanceledException ? null : e, key.InvocationId, key.Turn, settings.AnswerTimeout.TotalMilliseconds, attempt, settings.AnswerAttempts);
                if (attempt >= settings.AnswerAttempts)
                {
                    throw new AnswerUnconfirmedException(
                        $"The broker did not confirm the answer of invocation '{key.InvocationId}' turn '{key.Turn}' in {attempt} attempts of {settings.AnswerTimeout}. " +
                        "It is stored and will be sent again (Llm:AnswerSweep); look at the broker's health.");
                }

                if (!limit.IsCancellationRequested)
                {
                    // It failed at once, and so would the next.
                    await Task.Delay(FirstPause * (1 << Math.Min(attempt, 6)), time, cancellationToken);
                }
            }
        }
    }

    private async Task SendOnceAsync(CompletionKey key, StoredAnswer answer, ReplyTo replyTo, CancellationToken cancellationToken)
    {
        // Not a constructor parameter: what describes the bus's queues is built before the bus.
        var endpoint = await services.GetRequiredService<IBus>().GetSendEndpoint(replyTo.Address is null ? InvocationEvents : new Uri(replyTo.Address));
        var messageId = AnswerMessageId.Of(key.InvocationId, key.Turn, answer.Kind);
        await endpoint.Send(
            answer.IsFailure ? answer.Failed! : (object)answer.Received!,
            send =>
            {
                send.MessageId = messageId;
                send.RequestId = replyTo.RequestId;
                send.ConversationId = replyTo.ConversationId;
                send.InitiatorId = replyTo.CorrelationId;
            },
            cancellationToken);
    }
}
