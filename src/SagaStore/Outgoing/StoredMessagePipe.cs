using System.Net.Mime;
using MassTransit;
using MassTransit.Context;
using MassTransit.Serialization;

namespace Pipeline.SagaStore.Outgoing;

/// <summary>Gives a message that is being sent the ids, headers and properties it was stored with, and where it was stored whole its body.</summary>
internal sealed class StoredMessagePipe(StoredMessage message, TimeProvider time) : IPipe<SendContext>
{
    public Task Send(SendContext context)
    {
        context.MessageId = message.MessageId;
        context.RequestId = message.RequestId;
        context.CorrelationId = message.CorrelationId;
        context.ConversationId = message.ConversationId;
        context.InitiatorId = message.InitiatorId;
        context.SourceAddress = message.Source ?? context.SourceAddress;
        context.ResponseAddress = message.ResponseAddress;
        context.FaultAddress = message.FaultAddress;
        if (message.ExpiresAt is { } expiresAt)
        {
            var left = expiresAt - time.GetUtcNow().UtcDateTime;
            context.TimeToLive = left > TimeSpan.FromMilliseconds(1) ? left : TimeSpan.FromMilliseconds(1);
        }

        foreach (var (name, value) in message.Headers)
        {
            context.Headers.Set(name, value);
        }

        if (context is TransportSendContext transport)
        {
            transport.ReadPropertiesFrom(message.Properties);
        }

        if (message.Composer is null)
        {
            context.SupportedMessageTypes = message.MessageTypes;
            context.Serializer = new CopyBodySerializer(new ContentType(message.ContentType), new BytesMessageBody(message.Body));
        }

        return Task.CompletedTask;
    }

    public void Probe(ProbeContext context) => context.CreateScope("storedMessage");
}
