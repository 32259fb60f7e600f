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

    /// <summary>Milliseconds from the delivery of the call to its answer: the tool's run, and what the worker waited for besides.</summary>
    public double? WorkerMs { get; init; }

    /// <summary>The tool's circuit when the call came to it, as in <see cref="ToolCircuitChanged.State"/>; null where the call did not get that far.</summary>
    public string? Circuit { get; init; }

    /// <summary>True where the broker had delivered the call before.</summary>
    public bool Redelivered { get; init; }
}
