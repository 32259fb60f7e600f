namespace Pipeline.Contracts.ToolCalls;

/// <summary>A tool's circuit breaker changed its state, for all worker processes. Published by the one that changed it.</summary>
public sealed record ToolCircuitChanged
{
    public required string Tool { get; init; }

    /// <summary><c>closed</c>, <c>open</c>, <c>half-open</c> or <c>isolated</c>.</summary>
    public required string State { get; init; }

    /// <summary>The worker process that changed it.</summary>
    public required string Instance { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>What opened it, for people.</summary>
    public string? Reason { get; init; }

    /// <summary>Where open: when a call may probe the tool.</summary>
    public DateTimeOffset? RetryAt { get; init; }

    /// <summary>Breaks in a row without a recovery in between.</summary>
    public int? Breaks { get; init; }
}
