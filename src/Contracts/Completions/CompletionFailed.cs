namespace Pipeline.Contracts.Completions;

/// <summary>No model answered a turn, and the gateway will not try again.</summary>
public sealed record CompletionFailed
{
    public required Guid InvocationId { get; init; }

    public required int Turn { get; init; }

    /// <summary>One of <see cref="FailureCode"/>.</summary>
    public required string Code { get; init; }

    public required string Reason { get; init; }

    /// <summary>What it took; null from a gateway that does not say.</summary>
    public CompletionEffort? Effort { get; init; }
}
