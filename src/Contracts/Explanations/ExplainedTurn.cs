using Pipeline.Contracts.Completions;

namespace Pipeline.Contracts.Explanations;

/// <summary>One model turn and the tool calls it asked for.</summary>
public sealed record ExplainedTurn
{
    public required int Turn { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }

    /// <summary>Null where no model has answered (yet).</summary>
    public DateTimeOffset? AnsweredAt { get; init; }

    /// <summary>From request to answer, to the end, or until now.</summary>
    public required double TookMs { get; init; }

    /// <summary><c>answered</c>, <c>failed</c>, <c>waiting</c> or <c>abandoned</c>: the invocation ended first.</summary>
    public required string Outcome { get; init; }

    /// <summary>Of <see cref="TookMs"/>, what the gateway does not account for: mostly the wait in the pool's queue. Null where the gateway accounts for nothing.</summary>
    public double? QueuedMs { get; init; }

    /// <summary>As the gateway told it; null in entries that are older than it.</summary>
    public CompletionEffort? Effort { get; init; }

    public string? Provider { get; init; }

    public string? Model { get; init; }

    public int InputTokens { get; init; }

    public int OutputTokens { get; init; }

    public string? FinishReason { get; init; }

    /// <summary>True where another pool stood in for the agent's.</summary>
    public bool Degraded { get; init; }

    public string? Code { get; init; }

    public string? Reason { get; init; }

    /// <summary>Why it took that long, where there is something to say.</summary>
    public string? Why { get; init; }

    public required IReadOnlyList<ExplainedCall> Calls { get; init; }
}
