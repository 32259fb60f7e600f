using System.Net.Mime;
using System.Text.Json;
using MassTransit;
using MassTransit.Serialization;
using Pipeline.Contracts.Invocations;

namespace Pipeline.Orchestrator.Ingress;

/// <summary>
/// Reads the envelope that .NET systems with MassTransit send, as strictly as plain JSON: the same limits, and a refusal by name where it is
/// none or holds something else, instead of a message that faults or is skipped.
/// </summary>
internal sealed class SubmissionEnvelopeDeserializer(IngressOptions options) : ISerializerFactory, IMessageDeserializer
{
    private readonly SubmissionReader _reader = new(options);

    public ContentType ContentType => SystemTextJsonMessageSerializer.JsonContentType;

    public IMessageSerializer CreateSerializer() => SystemTextJsonMessageSerializer.Instance;

    public IMessageDeserializer CreateDeserializer() => this;

    public void Probe(ProbeContext context) => context.CreateScope("submission-envelope");

    public ConsumeContext Deserialize(ReceiveContext receiveContext) =>
        new BodyConsumeContext(receiveContext, Deserialize(receiveContext.Body, receiveContext.TransportHeaders, receiveContext.InputAddress));

    public SerializerContext Deserialize(MessageBody body, Headers headers, Uri? destinationAddress = null)
    {
        if (_reader.RefuseEnvelope(body.GetBytes()) is { } refusal)
        {
            return SubmissionDeserializer.Unreadable(refusal, headers, destinationAddress);
        }

        try
        {
            var context = SystemTextJsonMessageSerializer.Instance.Deserialize(body, headers, destinationAddress);
            // All of it is read here, where a defect has a name.
            return context.TryGetMessage<SubmitInvocation>(out _) && Readable(context)
                ? context
                : throw new JsonException($"The envelope holds '{string.Join(", ", context.SupportedMessageTypes)}', not a SubmitInvocation.");
        }
        catch (Exception e) when (SubmissionReader.IsUnreadable(e) || e is System.Runtime.Serialization.SerializationException or ArgumentException)
        {
            return SubmissionDeserializer.Unreadable(SubmissionReader.NoSubmission(e, default), headers, destinationAddress);
        }
    }

    public MessageBody GetMessageBody(string text) => SystemTextJsonMessageSerializer.Instance.GetMessageBody(text);

    // The addresses are texts until somebody asks for them.
    private static bool Readable(MessageContext context) =>
        (context.ResponseAddress, context.FaultAddress, context.SourceAddress, context.DestinationAddress, context.ConversationId, context.CorrelationId, context.RequestId, context.MessageId, context.ExpirationTime, context.SentTime) is var _;
}
