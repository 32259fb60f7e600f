using Pipeline.Contracts.Invocations;

namespace Pipeline.Contracts.Explanations;

/// <summary>
/// Where an invocation's time and tokens went, what it waits for now and what to do: the answer of <c>GET /invocations/{id}/explanation</c>.
/// From its row and its timeline alone. All durations are milliseconds.
/// </summary>
public sealed record InvocationExplanation
{
    public required Guid InvocationId { get; init; }

    public required string Tenant { get; init; }

    public required string Agent { get; init; }

    public required int AgentVersion { get; init; }

    /// <summary>The saga's state name.</summary>
    public required string State { get; init; }

    public string? Session { get; init; }

    public required DateTimeOffset AcceptedAt { get; init; }

    public required DateTimeOffset Deadline { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>From acceptance to the end, or until now.</summary>
    public required double ElapsedMs { get; init; }

    /// <summary>True where a fallback stood in for a tool, a model or the answer.</summary>
    public required bool Degraded { get; init; }

    /// <summary>One of <see cref="FailureCode"/>, as on the terminal event.</summary>
    public string? Code { get; init; }

    public string? Reason { get; init; }

    /// <summary>What happened, in one or two sentences.</summary>
    public required string Summary { get; init; }

    /// <summary>What to do next, for people.</summary>
    public required string Advice { get; init; }

    /// <summary>What it waits for; null once it has ended.</summary>
    public PresentWait? WaitsFor { get; init; }

    public required InvocationUsage Usage { get; init; }

    public required IReadOnlyList<ExplainedTurn> Turns { get; init; }

    /// <summary>The elapsed time by cause, the largest first; the sum is <see cref="ElapsedMs"/>.</summary>
    public required IReadOnlyList<TimeShare> Shares { get; init; }

    /// <summary>What this explanation cannot know or left out.</summary>
    public required IReadOnlyList<string> Notes { get; init; }
}
