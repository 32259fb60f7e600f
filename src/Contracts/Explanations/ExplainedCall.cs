namespace Pipeline.Contracts.Explanations;

/// <summary>One tool call of a turn.</summary>
public sealed record ExplainedCall
{
    /// <summary>The call's place in its turn, from 0.</summary>
    public required int Index { get; init; }

    public required string Tool { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }

    public DateTimeOffset? AnsweredAt { get; init; }

    /// <summary>From request to answer, to the end, or until now.</summary>
    public required double TookMs { get; init; }

    /// <summary><c>succeeded</c>, <c>fallback</c>, <c>failed</c>, <c>waiting</c> or <c>abandoned</c>: the invocation ended first.</summary>
    public required string Outcome { get; init; }

    /// <summary>The tool's own run.</summary>
    public double? RanMs { get; init; }

    /// <summary>In the worker, but not in the tool: records of earlier deliveries, another delivery of the same call.</summary>
    public double? HeldMs { get; init; }

    /// <summary>In the queue and on the way; null where the worker did not say how long it had the call.</summary>
    public double? QueuedMs { get; init; }

    /// <summary>The tool's circuit when the call came: <c>closed</c>, <c>open</c>, <c>half-open</c> or <c>isolated</c>.</summary>
    public string? Circuit { get; init; }

    /// <summary>True where the broker had delivered the call before: a worker died, or gave it back.</summary>
    public bool Redelivered { get; init; }

    public bool Truncated { get; init; }

    /// <summary>One of <see cref="FailureCode"/>: of a failure, or of what a fallback stood in for.</summary>
    public string? Code { get; init; }

    public string? Reason { get; init; }

    /// <summary>Why it took that long or came out so, where there is something to say.</summary>
    public string? Why { get; init; }
}
