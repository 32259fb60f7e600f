using System.Net.Mime;
using System.Text.Json;
using MassTransit;
using MassTransit.Serialization;
using Pipeline.Contracts.Invocations;
using Pipeline.ServiceDefaults;

namespace Pipeline.Orchestrator.Ingress;

/// <summary>
/// Reads the plain JSON that upstream systems publish. Never throws: whatever is not a submission becomes an
/// <see cref="UnreadableSubmission"/> that says why.
/// </summary>
internal sealed class SubmissionDeserializer(IngressOptions options) : ISerializerFactory, IMessageDeserializer
{
    private static readonly string SubmissionType = MessageUrn.ForTypeString<SubmitInvocation>();
    private static readonly string UnreadableType = MessageUrn.ForTypeString<UnreadableSubmission>();

    private readonly SubmissionReader _reader = new(options);

    public ContentType ContentType => PipelineBus.RawJson;

    public IMessageSerializer CreateSerializer() => new SystemTextJsonRawMessageSerializer(RawSerializerOptions.AddTransportHeaders);

    public IMessageDeserializer CreateDeserializer() => this;

    public void Probe(ProbeContext context) => context.CreateScope("submission-json");

    public ConsumeContext Deserialize(ReceiveContext receiveContext) =>
        new BodyConsumeContext(receiveContext, Deserialize(receiveContext.Body, receiveContext.TransportHeaders, receiveContext.InputAddress));

    public SerializerContext Deserialize(MessageBody body, Headers headers, Uri? destinationAddress = null)
    {
        var reading = _reader.Read(body.GetBytes());
        return reading.Refusal is { } refusal ? Unreadable(refusal, headers, destinationAddress) : Context(SubmissionType, reading.Json, headers, destinationAddress);
    }

    public MessageBody GetMessageBody(string text) => new StringMessageBody(text);

    internal static SerializerContext Unreadable(UnreadableSubmission refusal, Headers headers, Uri? destinationAddress) =>
        Context(UnreadableType, JsonSerializer.SerializeToElement(refusal, SystemTextJsonMessageSerializer.Options), headers, destinationAddress);

    private static SystemTextJsonRawSerializerContext Context(string type, JsonElement message, Headers headers, Uri? destinationAddress) => new(
        SystemTextJsonMessageSerializer.Instance,
        SystemTextJsonMessageSerializer.Options,
        PipelineBus.RawJson,
        new SubmissionContext(new RawMessageContext(headers, destinationAddress, RawSerializerOptions.AddTransportHeaders)),
        [type],
        RawSerializerOptions.AddTransportHeaders,
        message);
}
