namespace Pipeline.Orchestrator.Ingress;

/// <summary>Moves a refused submission, its bytes as they came, to the queue's <c>_error</c>; code and reason stand in its headers.</summary>
public sealed class SubmissionRefusedException(string code, string reason) : Exception($"{code}: {reason}")
{
    /// <summary>One of <see cref="Contracts.FailureCode"/>.</summary>
    public string Code { get; } = code;
}
