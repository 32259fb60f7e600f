using System.Text.Json;
using System.Text.Unicode;
using MassTransit.Serialization;
using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;

namespace Pipeline.Orchestrator.Ingress;

/// <summary>The one strict reader of submissions, for every way they come in. Never throws: it says why a body is none.</summary>
internal sealed class SubmissionReader(IngressOptions options)
{
    // Below the 64 that serializers write at most: the status API shows the input two levels further in.
    private const int MaxDepth = 48;

    // Of what stands around a submission: the envelope and its member.
    private const int EnvelopeDepth = 2;
    private const int EnvelopeBytes = 16 * 1024;

    public SubmissionReading Read(byte[] bytes)
    {
        if (Refuse(bytes, options.MaxBodyBytes, MaxDepth, out var element) is { } refusal)
        {
            return new SubmissionReading { Refusal = refusal };
        }

        try
        {
            RequireText(bytes, MaxDepth);
            var submission = element.Deserialize<SubmitInvocation>(SystemTextJsonMessageSerializer.Options) ?? throw new JsonException("The body is null.");
            return new SubmissionReading { Submission = submission, Json = element };
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            return new SubmissionReading { Refusal = NoSubmission(e, element) };
        }
    }

    /// <summary>Why the body cannot be an envelope with a submission in it, before anybody else reads it; null where it may be one.</summary>
    public UnreadableSubmission? RefuseEnvelope(byte[] bytes)
    {
        if (Refuse(bytes, options.MaxBodyBytes + EnvelopeBytes, MaxDepth + EnvelopeDepth, out var element) is { } refusal)
        {
            return refusal;
        }

        try
        {
            RequireText(bytes, MaxDepth + EnvelopeDepth);
            return element.ValueKind == JsonValueKind.Object ? null : throw new JsonException($"An envelope is a JSON object, not '{element.ValueKind}'.");
        }
        catch (Exception e) when (IsUnreadable(e))
        {
            return NoSubmission(e, element);
        }
    }

    public static UnreadableSubmission NoSubmission(Exception reason, JsonElement element) => new()
    {
        Code = FailureCode.SubmissionInvalid,
        Reason = $"The body is not a submission: {reason.Message} Required are tenant, agent and input.",
        InvocationId = Text(element, "invocationId") is { } id && Guid.TryParse(id, out var parsed) ? parsed : null,
        Tenant = Text(element, "tenant"),
        Agent = Text(element, "agent"),
    };

    /// <summary>InvalidOperationException: a string with half a surrogate pair, which JSON allows and UTF-16 does not.</summary>
    public static bool IsUnreadable(Exception exception) => exception is JsonException or InvalidOperationException or NotSupportedException or FormatException;

    private UnreadableSubmission? Refuse(byte[] bytes, int limit, int depth, out JsonElement element)
    {
        element = default;
        if (bytes.Length > limit)
        {
            return TooLarge(bytes.Length);
        }

        if (!Utf8.IsValid(bytes))
        {
            return new UnreadableSubmission { Code = FailureCode.SubmissionInvalid, Reason = "The body is not UTF-8. Send UTF-8 JSON with content type application/json." };
        }

        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = depth });
            element = document.RootElement.Clone();
            return null;
        }
        catch (JsonException e)
        {
            return new UnreadableSubmission { Code = FailureCode.SubmissionInvalid, Reason = $"The body is not JSON: {e.Message} Send UTF-8 JSON with content type application/json." };
        }
    }

    /// <param name="bytes">What is known of the length.</param>
    public UnreadableSubmission TooLarge(long bytes) => new()
    {
        Code = FailureCode.InputTooLarge,
        Reason = $"The body has '{bytes}' bytes or more; at most '{options.MaxBodyBytes}' are taken. Send a reference to large input instead of the input.",
    };

    /// <summary>Half a surrogate pair (<c>\ud800</c>) passes the parser and would fail where the text is first read, long after the answer.</summary>
    private static void RequireText(ReadOnlySpan<byte> json, int depth)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = depth });
        while (reader.Read())
        {
            if (reader.ValueIsEscaped)
            {
                _ = reader.GetString();
            }
        }
    }

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
