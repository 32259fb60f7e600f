using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using MassTransit;
using Pipeline.Contracts.Invocations;
using Pipeline.ServiceDefaults;

namespace Pipeline.Orchestrator.Invocations;

/// <summary>
/// Which invocation a submission means, so that the same submission always means the same one: the id it names, else one that
/// follows from its idempotency key, else from its AMQP message id, else a new one.
/// </summary>
public static class SubmissionIdentity
{
    // Of the idempotency keys of this pipeline; any fixed value would do (RFC 9562, version 5 in spirit, with SHA-256).
    private static readonly Guid KeyNamespace = new("6f0c1a52-8a3c-4a2c-9d43-0f0e6d6f7d11");

    public static Guid Of(ConsumeContext<SubmitInvocation> context)
    {
        if (Of(context.Message, KeyOf(context)) is { } id)
        {
            return id;
        }

        // One new id for one delivery: the saga asks more than once.
        return context.GetOrAddPayload(() => new NewIdentity(NewId.NextGuid())).Id;
    }

    /// <summary>What the submission itself says of it; null where it says nothing.</summary>
    public static Guid? Of(SubmitInvocation submission) => Of(submission, submission.IdempotencyKey);

    /// <summary>The idempotency key, for which the AMQP message id stands in.</summary>
    public static string? KeyOf(ConsumeContext<SubmitInvocation> context) =>
        context.Message.IdempotencyKey ?? (AmqpDelivery.MessageIdOf(context) is { } messageId ? Storable(messageId) : (context.MessageId ?? context.ReceiveContext.GetMessageId())?.ToString());

    /// <summary>What makes two submissions the same: everything but the ids they are told apart by.</summary>
    public static byte[] HashOf(SubmitInvocation submission) =>
        SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(submission with { InvocationId = null, IdempotencyKey = null }));

    private static Guid? Of(SubmitInvocation submission, string? key) =>
        submission.InvocationId ?? (key is null ? null : Derived($"{submission.Tenant}\n{submission.Agent}\n{key}"));

    // A message id may be anything that AMQP carries; what no column takes is known by its hash.
    private static string Storable(string messageId) =>
        messageId.Length <= 200 && !messageId.Any(char.IsControl) ? messageId : "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(messageId)));

    private static Guid Derived(string name)
    {
        var text = Encoding.UTF8.GetBytes(name);
        var input = new byte[16 + text.Length];
        KeyNamespace.TryWriteBytes(input, bigEndian: true, out _);
        text.CopyTo(input, 16);
        var hash = SHA256.HashData(input);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash.AsSpan(0, 16), bigEndian: true);
    }

    private sealed record NewIdentity(Guid Id);
}
