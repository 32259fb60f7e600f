using MassTransit;

namespace Pipeline.ServiceDefaults;

/// <summary>What an AMQP client that knows nothing of MassTransit said in the properties of its message.</summary>
public static class AmqpDelivery
{
    // MassTransit sends to the default exchange, by routing key, when the exchange has this name.
    private static readonly Uri DefaultExchange = new("exchange:amq.rabbitmq.reply-to?durable=false&autodelete=true");

    /// <summary>The AMQP message id, which need not be a GUID; null on other transports and where there is none or an empty one.</summary>
    public static string? MessageIdOf(ConsumeContext context) =>
        context.ReceiveContext.TryGetPayload<RabbitMqBasicConsumeContext>(out var delivery) && !string.IsNullOrEmpty(delivery.Properties.MessageId) ? delivery.Properties.MessageId : null;

    /// <summary>Where and under which correlation id the publisher wants an answer; null where it asked for none.</summary>
    public static AmqpReply? ReplyOf(ConsumeContext context) =>
        context.ReceiveContext.TryGetPayload<RabbitMqBasicConsumeContext>(out var delivery) && delivery.Properties.IsReplyToPresent() && !string.IsNullOrEmpty(delivery.Properties.ReplyTo)
            ? new AmqpReply(delivery.Properties.ReplyTo, delivery.Properties.CorrelationId)
            : null;

    /// <summary>Sends plain JSON to the queue that the publisher named, through the default exchange.</summary>
    public static async Task ReplyAsync<T>(ISendEndpointProvider endpoints, AmqpReply reply, T answer, CancellationToken cancellationToken)
        where T : class
    {
        var endpoint = await endpoints.GetSendEndpoint(DefaultExchange);
        await endpoint.Send(answer, x =>
        {
            x.SetRoutingKey(reply.Queue);
            x.Serializer = x.Serialization.GetMessageSerializer(PipelineBus.RawJson);
            x.Headers.Set(ReplyCorrelation.Header, reply.CorrelationId);
        }, cancellationToken);
    }
}

/// <summary>An answer that a publisher asked for.</summary>
/// <param name="Queue">AMQP <c>reply_to</c>.</param>
/// <param name="CorrelationId">AMQP <c>correlation_id</c>; comes back as it came.</param>
public sealed record AmqpReply(string Queue, string? CorrelationId);
