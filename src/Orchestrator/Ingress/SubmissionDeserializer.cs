using System.Net.Mime;
using System.Text.Json;
using System.Text.Unicode;
using MassTransit;
using MassTransit.Serialization;
using Pipeline.Contracts;
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
    // Below the 64 that serializers write at most: the status API shows the input two levels further in.
    private static readonly JsonDocumentOptions DocumentLimits = new() { MaxDepth = 48 };

    public ContentType ContentType => PipelineBus.RawJson;

    public IMessageSerializer CreateSerializer() => new SystemTextJsonRawMessageSerializer(RawSerializerOptions.AddTransportHeaders);

    public IMessageDeserializer CreateDeserializer() => this;

    public void Probe(ProbeContext context) => context.CreateScope("submission-json");

    public ConsumeContext Deserialize(ReceiveContext receiveContext) =>
        new BodyConsumeContext(receiveContext, Deserialize(receiveContext.Body, receiveContext.TransportHeaders, receiveContext.InputAddress));

    public SerializerContext Deserialize(MessageBody body, Headers headers, Uri? destinationAddress = null)
    {
        var json = SystemTextJsonMessageSerializer.Options;
        var (type, message) = Read(body, json);
        return new SystemTextJsonRawSerializerContext(
            SystemTextJsonMessageSerializer.Instance,
            json,
            ContentType,
            new SubmissionContext(new RawMessageContext(headers, destinationAddress, RawSerializerOptions.AddTransportHeaders)),
            [type],
            RawSerializerOptions.AddTransportHeaders,
            message);
    }

    public MessageBody GetMessageBody(string text) => new StringMessageBody(text);

    private (string Type, JsonElement Message) Read(MessageBody body, JsonSerializerOptions json)
    {
        var bytes = body.GetBytes();
        if (bytes.Length > options.MaxBodyBytes)
        {
            return Unreadable(new UnreadableSubmission
            {
                Code = FailureCode.InputTooLarge,
                Reason = $"The body has '{bytes.Length}' bytes; at most '{options.MaxBodyBytes}' are taken. Send a reference to large input instead of the input.",
            });
        }

        if (!Utf8.IsValid(bytes))
        {
            return Unreadable(new UnreadableSubmission { Code = FailureCode.SubmissionInvalid, Reason = "The body is not UTF-8. Publish UTF-8 JSON with content_type application/json." });
        }

        JsonElement element;
        try
        {
            using var document = JsonDocument.Parse(bytes, DocumentLimits);
            element = document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            return Unreadable(new UnreadableSubmission { Code = FailureCode.SubmissionInvalid, Reason = $"The body is not JSON: {e.Message} Publish UTF-8 JSON with content_type application/json." });
        }

        try
        {
            RequireText(bytes);
            _ = element.Deserialize<SubmitInvocation>(json) ?? throw new JsonException("The body is null.");
            return (SubmissionType, element);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string with half a surrogate pair, which JSON allows and UTF-16 does not.
            return Unreadable(new UnreadableSubmission
            {
                Code = FailureCode.SubmissionInvalid,
                Reason = $"The body is not a submission: {e.Message} Required are tenant, agent and input.",
                InvocationId = Text(element, "invocationId") is { } id && Guid.TryParse(id, out var parsed) ? parsed : null,
                Tenant = Text(element, "tenant"),
                Agent = Text(element, "agent"),
            });
        }
    }

    /// <summary>Half a surrogate pair (<c>\ud800</c>) passes the parser and would fail where the text is first read, long after the answer.</summary>
    private static void RequireText(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = DocumentLimits.MaxDepth });
        while (reader.Read())
        {
            if (reader.ValueIsEscaped)
            {
                _ = reader.GetString();
            }
        }
    }

    private static (string Type, JsonElement Message) Unreadable(UnreadableSubmission refusal) =>
        (UnreadableType, JsonSerializer.SerializeToElement(refusal, SystemTextJsonMessageSerializer.Options));

    private static string? Text(JsonElement element, string name)
    {
        try
        {
            return element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
