using System.Text.Json;
using Pipeline.Contracts.Invocations;

namespace Pipeline.Orchestrator.Ingress;

/// <summary>What a body was: a submission, or why it is none.</summary>
internal sealed class SubmissionReading
{
    /// <summary>Null where the body is refused.</summary>
    public SubmitInvocation? Submission { get; init; }

    /// <summary>The body as it was parsed; only beside a <see cref="Submission"/>.</summary>
    public JsonElement Json { get; init; }

    /// <summary>Null where the body is a submission.</summary>
    public UnreadableSubmission? Refusal { get; init; }
}
