using System.Security.Cryptography;
using System.Text;
using MassTransit;
using Pipeline.Contracts.Invocations;
using Pipeline.Orchestrator.Invocations;

namespace Pipeline.Orchestrator.Admission;

/// <summary>By what a caller who comes back is known again.</summary>
/// <param name="Id">
/// The invocation that the submission means, where it says so by id, idempotency key or message id; else a hash of what it says. It is
/// told with the deferral: who sends it as <c>invocationId</c> is known by it.
/// </param>
/// <param name="Tenant">Whose the key is.</param>
/// <param name="Key">The idempotency key or what stands in for it.</param>
internal sealed record CallerIdentity(Guid Id, string Tenant, string? Key)
{
    public static CallerIdentity Of(ConsumeContext<SubmitInvocation> context)
    {
        var submission = context.Message;
        // A bus library gives every request a message id of its own, the repeated one too.
        var key = context.ResponseAddress is null || submission.IdempotencyKey is not null ? SubmissionIdentity.KeyOf(context) : null;
        if (submission.InvocationId is not null || key is not null)
        {
            return new CallerIdentity(SubmissionIdentity.Of(context), submission.Tenant, key);
        }

        var said = SHA256.HashData([.. SubmissionIdentity.HashOf(submission), .. Encoding.UTF8.GetBytes(submission.Tenant)]);
        said[6] = (byte)((said[6] & 0x0F) | 0x80);
        said[8] = (byte)((said[8] & 0x3F) | 0x80);
        return new CallerIdentity(new Guid(said.AsSpan(0, 16), bigEndian: true), submission.Tenant, null);
    }
}
