namespace Pipeline.Contracts.ToolCalls;

/// <summary>A tool's circuit breaker changed its state in one worker process. Published.</summary>
public sealed record ToolCircuitChanged
{
    public required string Tool { get; init; }

    /// <summary><c>closed</c>, <c>open</c>, <c>half-open</c> or <c>isolated</c>.</summary>
    public required string State { get; init; }

    /// <summary>The worker process whose breaker it is.</summary>
    public required string Instance { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>What opened it, for people.</summary>
    public string? Reason { get; init; }
}
