namespace Pipeline.Orchestrator.Ingress;

/// <summary>What the deserializer makes of a body that is no submission, so that it is refused by name instead of failing without an answer.</summary>
public sealed record UnreadableSubmission
{
    /// <summary>One of <see cref="Contracts.FailureCode"/>.</summary>
    public required string Code { get; init; }

    public required string Reason { get; init; }

    // What could still be read of it, to address the answer.
    public Guid? InvocationId { get; init; }

    public string? Tenant { get; init; }

    public string? Agent { get; init; }
}
