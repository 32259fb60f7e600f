using System.Security.Cryptography;
using System.Text;
using MassTransit;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Contracts.ToolCalls;
using Pipeline.ToolWorkers.Fallbacks;

namespace Pipeline.ToolWorkers.Calls;

/// <summary>Sends answers: to the caller's address or else to the progress queue, with an id that a repetition shares, within a time limit.</summary>
internal sealed class AnswerSender(IOptions<ToolsOptions> options, StandInQueues standIns, ToolMetrics metrics, TimeProvider time, ILogger<AnswerSender> logger)
{
    // An exchange, not a queue: a send to "queue:" would declare a classic queue where a quorum queue is.
    private static readonly Uri WithoutResponseAddress = new($"exchange:{QueueName.InvocationEvents}");

    /// <exception cref="DeliveryFailedException">The answer is not known to have left.</exception>
    public async Task SendAsync(ConsumeContext<RunTool> context, ToolAnswer answer)
    {
        using var limit = new CancellationTokenSource(options.Value.SendTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, context.CancellationToken);
        var send = answer.StandIn is { } other
            ? PassOnAsync(context, answer, other, either.Token)
            : answer.Result is { } result
            ? SendAsync(context, Succeeded(context, answer, result), "succeeded", either.Token)
            : SendAsync(context, Failed(context, answer), "failed", either.Token);
        try
        {
            // Both by token and by waiting: a publisher confirm that never comes may not notice the token.
            await send.WaitAsync(either.Token);
        }
        catch (Exception e) when (!context.CancellationToken.IsCancellationRequested)
        {
            var what = limit.IsCancellationRequested ? $"was not confirmed within {options.Value.SendTimeout}" : "could not be sent";
            throw new DeliveryFailedException($"The answer to the call '{context.Message.CallId}' of '{context.Message.Tool}' {what}. Its message is delivered again; the recorded answer is sent again.", e);
        }
    }

    /// <summary>Has another tool answer the call: with its arguments, to its address. Where nobody serves it, answers what is declared for that.</summary>
    private async Task PassOnAsync(ConsumeContext<RunTool> context, ToolAnswer answer, string other, CancellationToken cancellationToken)
    {
        if (!await standIns.IsServedAsync(context, other, cancellationToken))
        {
            await AnswerUnservedAsync(context, answer, other, null, cancellationToken);
            return;
        }

        var call = context.Message;
        var passedOn = call with
        {
            Tool = other,
            CallId = StandInCallId(call.CallId),
            StandInFor = new StandInFor { Tool = call.Tool, CallId = call.CallId, Code = answer.FallbackCode ?? FailureCode.ToolUnavailable, Otherwise = answer.Result ?? "" },
        };
        var endpoint = await context.ReceiveContext.SendEndpointProvider.GetSendEndpoint(new Uri($"exchange:{QueueName.Tool(other)}"));
        try
        {
            await endpoint.Send(
                passedOn,
                Pipe.Execute<SendContext<RunTool>>(send =>
                {
                    send.MessageId = MessageIdOf(call.CallId, "stand-in");
                    send.RequestId = context.RequestId;
                    send.ResponseAddress = context.ResponseAddress;
                    send.ConversationId = context.ConversationId;
                    send.CorrelationId = call.InvocationId;
                    if (send.TryGetPayload<RabbitMqSendContext>(out var broker))
                    {
                        // Else a queue that was deleted a moment ago would swallow the call.
                        broker.Mandatory = true;
                    }
                }),
                cancellationToken);
        }
        catch (MessageReturnedException e)
        {
            await AnswerUnservedAsync(context, answer, other, e, cancellationToken);
        }
    }

    private Task AnswerUnservedAsync(ConsumeContext<RunTool> context, ToolAnswer answer, string other, Exception? exception, CancellationToken cancellationToken)
    {
        var call = context.Message;
        metrics.StandInUnserved(call.Tool, other);
        logger.StandInUnserved(exception, call.Tool, call.CallId, call.InvocationId, other);
        return SendAsync(context, Succeeded(context, answer, answer.Result ?? ""), "succeeded", cancellationToken);
    }

    private static string StandInCallId(string callId) =>
        callId.Length + 9 <= CallRecord.MaxCallIdLength ? $"{callId}:stand-in" : MessageIdOf(callId, "stand-in").ToString();

    private static async Task SendAsync<T>(ConsumeContext<RunTool> context, T message, string kind, CancellationToken cancellationToken)
        where T : class
    {
        // Not through the consume context: it waits for every send of its own before it lets the delivery end, a hung one included.
        var endpoint = await context.ReceiveContext.SendEndpointProvider.GetSendEndpoint(context.ResponseAddress ?? WithoutResponseAddress);
        await endpoint.Send(
            message,
            Pipe.Execute<SendContext<T>>(send =>
            {
                send.MessageId = MessageIdOf(CallIdOf(context.Message), kind);
                send.RequestId = context.RequestId;
                send.ConversationId = context.ConversationId;
                send.InitiatorId = context.CorrelationId;
                send.CorrelationId = context.Message.InvocationId;
            }),
            cancellationToken);
    }

    /// <summary>The same for every repetition of the same answer, so that the receiver can tell them from new ones.</summary>
    internal static Guid MessageIdOf(string callId, string kind) => new(SHA256.HashData(Encoding.UTF8.GetBytes($"{kind}:{callId}")).AsSpan(0, 16));

    private static ToolSucceeded Succeeded(ConsumeContext<RunTool> context, ToolAnswer answer, string result) => new()
    {
        InvocationId = context.Message.InvocationId,
        Turn = context.Message.Turn,
        CallId = CallIdOf(context.Message),
        Tool = context.Message.StandInFor?.Tool ?? context.Message.Tool,
        Result = result,
        IsFallback = answer.IsFallback,
        FallbackCode = answer.FallbackCode,
        AsOf = answer.AsOf,
        AnsweredBy = answer.AnsweredBy,
        Truncated = answer.Truncated,
        DurationMs = answer.DurationMs,
        WorkerMs = context.ReceiveContext.ElapsedTime.TotalMilliseconds,
        Circuit = CircuitOf(context),
        Redelivered = context.ReceiveContext.Redelivered,
    };

    private static ToolFailed Failed(ConsumeContext<RunTool> context, ToolAnswer answer) => new()
    {
        InvocationId = context.Message.InvocationId,
        Turn = context.Message.Turn,
        CallId = CallIdOf(context.Message),
        Tool = context.Message.StandInFor?.Tool ?? context.Message.Tool,
        Code = answer.Code ?? FailureCode.ToolFailed,
        Reason = answer.Reason ?? "",
        DurationMs = answer.DurationMs,
        WorkerMs = context.ReceiveContext.ElapsedTime.TotalMilliseconds,
        Circuit = CircuitOf(context),
        Redelivered = context.ReceiveContext.Redelivered,
    };

    private static string? CircuitOf(ConsumeContext<RunTool> context) => context.TryGetPayload<ToolDelivery>(out var delivery) ? delivery.Circuit : null;
    private static string CallIdOf(RunTool call) => call.StandInFor?.CallId ?? call.CallId;
}
