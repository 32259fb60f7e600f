namespace Pipeline.Contracts.Explanations;

/// <summary>What an open invocation waits for at this moment.</summary>
public sealed record PresentWait
{
    /// <summary><c>model</c> or <c>tools</c>.</summary>
    public required string For { get; init; }

    /// <summary>The queues whose consumers are to answer, as the RabbitMQ management UI shows them; empty where the pool is not known yet.</summary>
    public required IReadOnlyList<string> Queues { get; init; }

    public required DateTimeOffset Since { get; init; }

    public required double WaitedMs { get; init; }
}
