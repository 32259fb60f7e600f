namespace Pipeline.Contracts.ToolCalls;

/// <summary>A tool call has a result that the model can use: the tool's own, or its declared fallback.</summary>
public sealed record ToolSucceeded
{
    public required Guid InvocationId { get; init; }

    public required int Turn { get; init; }

    public required string CallId { get; init; }

    public required string Tool { get; init; }

    /// <summary>The content for the model, JSON or text; at most 256 KB.</summary>
    public required string Result { get; init; }

    /// <summary>True where the tool's declared fallback answered in the tool's place.</summary>
    public bool IsFallback { get; init; }

    /// <summary>Where <see cref="IsFallback"/>: why, one of <see cref="FailureCode"/>.</summary>
    public string? FallbackCode { get; init; }

    /// <summary>Where the fallback is an earlier result: when the tool gave it.</summary>
    public DateTimeOffset? AsOf { get; init; }

    /// <summary>Where the fallback is another tool's result: that tool.</summary>
    public string? AnsweredBy { get; init; }

    /// <summary>True where the result was cut to the limit; the cut is visible in <see cref="Result"/>.</summary>
    public bool Truncated { get; init; }

    /// <summary>How long the tool itself ran.</summary>
    public double DurationMs { get; init; }

    /// <summary>Milliseconds from the delivery of the call to its answer: the tool's run, and what the worker waited for besides.</summary>
    public double? WorkerMs { get; init; }

    /// <summary>The tool's circuit when the call came to it, as in <see cref="ToolCircuitChanged.State"/>; null where the call did not get that far.</summary>
    public string? Circuit { get; init; }

    /// <summary>True where the broker had delivered the call before.</summary>
    public bool Redelivered { get; init; }
}
