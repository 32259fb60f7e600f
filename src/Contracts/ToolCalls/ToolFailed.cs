namespace Pipeline.Contracts.ToolCalls;

/// <summary>A tool call has no result. The model reads <see cref="Code"/> and <see cref="Reason"/> and may act on them.</summary>
public sealed record ToolFailed
{
    public required Guid InvocationId { get; init; }

    public required int Turn { get; init; }

    public required string CallId { get; init; }

    public required string Tool { get; init; }

    /// <summary>One of <see cref="FailureCode"/>.</summary>
    public required string Code { get; init; }

    public required string Reason { get; init; }

    public double DurationMs { get; init; }
}
