namespace Pipeline.Orchestrator.Admission;

/// <summary>One queue of <c>GET /queues</c>. Members that do not apply are null; on the in-memory transport nobody counts.</summary>
public sealed record QueueView
{
    public required string Queue { get; init; }

    /// <summary><c>submissions</c>, <c>waiting</c>, <c>events</c>, <c>tool</c> or <c>pool</c>.</summary>
    public required string Kind { get; init; }

    public string? Agent { get; init; }

    public string? Tool { get; init; }

    public string? Pool { get; init; }

    /// <summary>Messages that no consumer has in hand.</summary>
    public long? Ready { get; init; }

    public long? Consumers { get; init; }

    /// <summary>Open invocations of the agent, over all replicas.</summary>
    public int? Open { get; init; }

    public int? Cap { get; init; }

    /// <summary><c>open</c> or <c>closed</c> to newcomers, as this process sees it.</summary>
    public string? Admission { get; init; }

    /// <summary>About what a newcomer would be told now; null where it would be taken.</summary>
    public int? RetryAfterSeconds { get; init; }

    public double? DrainPerSecond { get; init; }
}
