namespace Pipeline.Contracts.ToolCalls;

/// <summary>The call that another tool answers as a declared fallback. The answer names this call and is marked as a fallback.</summary>
public sealed record StandInFor
{
    public required string Tool { get; init; }

    public required string CallId { get; init; }

    /// <summary>Why the tool itself does not answer, one of <see cref="FailureCode"/>.</summary>
    public required string Code { get; init; }

    /// <summary>What is answered where the other tool has no result either: the content for the model.</summary>
    public required string Otherwise { get; init; }
}
