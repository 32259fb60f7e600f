namespace Pipeline.LlmGateway.RateLimits;

/// <summary>A limit domain as it stands.</summary>
internal sealed record DomainSnapshot
{
    public required string Name { get; init; }

    public required int InFlight { get; init; }

    public required int Concurrency { get; init; }

    /// <summary>How long nothing is sent because the provider asked for it; zero for not at all.</summary>
    public required TimeSpan PausedFor { get; init; }

    /// <summary>One call tries whether the provider answers again; the others wait for it.</summary>
    public required bool IsProbing { get; init; }

    public required IReadOnlyList<LevelSnapshot> Levels { get; init; }
}
