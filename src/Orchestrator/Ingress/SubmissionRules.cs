using System.Text;
using System.Text.Json;
using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;
using Pipeline.Orchestrator.Agents;
using Pipeline.Orchestrator.Invocations;

namespace Pipeline.Orchestrator.Ingress;

/// <summary>The one place that says which submissions are taken.</summary>
public sealed class SubmissionRules(AgentCatalog agents, Microsoft.Extensions.Options.IOptions<IngressOptions> options)
{
    /// <summary>Why a submission is refused; null where it is taken. Every rule that it breaks is named.</summary>
    public Failure? Check(SubmitInvocation submission)
    {
        if (agents.Find(submission.Agent ?? "") is null)
        {
            return new Failure(FailureCode.AgentUnknown, $"There is no agent '{Shortened(submission.Agent)}'. Use one of: {string.Join(", ", agents.Current.Select(x => x.Name))}.");
        }

        var input = submission.Input.ValueKind is JsonValueKind.Undefined ? 0 : Encoding.UTF8.GetByteCount(submission.Input.GetRawText());
        if (input > options.Value.MaxInputBytes)
        {
            return new Failure(FailureCode.InputTooLarge, $"The input has '{input}' bytes; at most '{options.Value.MaxInputBytes}' are taken. Send a reference to large input instead of the input.");
        }

        var problems = Problems(submission).ToList();
        return problems.Count == 0 ? null : new Failure(FailureCode.SubmissionInvalid, string.Join(" ", problems));
    }

    private static IEnumerable<string> Problems(SubmitInvocation submission)
    {
        if (!AgentCatalog.IsName(submission.Tenant))
        {
            yield return $"tenant '{Shortened(submission.Tenant)}' must be 1 to 64 letters, digits, '-' or '_'.";
        }

        if (submission.Input.ValueKind is not (JsonValueKind.Object or JsonValueKind.String))
        {
            yield return $"input must be a JSON object or a string, not '{submission.Input.ValueKind}'.";
        }

        if (submission.Input.ValueKind == JsonValueKind.String && !IsText(submission.Input))
        {
            yield return "input has half a surrogate pair; it must be Unicode text.";
        }

        if (submission.Session is { } session && !IsLabel(session))
        {
            yield return "session must have 1 to 200 characters, none of them a control character.";
        }

        if (submission.IdempotencyKey is { } key && !IsLabel(key))
        {
            yield return "idempotencyKey must have 1 to 200 characters, none of them a control character.";
        }

        if (submission.InvocationId == Guid.Empty)
        {
            yield return "invocationId must not be all zeros.";
        }

        if (submission.Priority is not (null or "interactive" or "batch"))
        {
            yield return $"priority '{Shortened(submission.Priority)}' must be 'interactive' or 'batch'.";
        }

        if (submission.Metadata is { } metadata && (metadata.Count > 32 || metadata.Sum(x => x.Key.Length + (x.Value?.Length ?? 0)) > 8192))
        {
            yield return $"metadata has '{metadata.Count}' entries; at most 32 with 8192 characters together are taken.";
        }
    }

    private static bool IsLabel(string text) => text.Length is >= 1 and <= 200 && !text.Any(char.IsControl);

    private static bool IsText(JsonElement text)
    {
        try
        {
            _ = text.GetString();
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static string? Shortened(string? text) => text is { Length: > 80 } ? text[..80] + "…" : text;
}
