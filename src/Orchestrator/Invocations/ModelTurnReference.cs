namespace Pipeline.Orchestrator.Invocations;

/// <summary>
/// Stands for a <see cref="Contracts.Completions.RequestCompletion"/> until it is sent: the conversation is in the timeline already,
/// and storing it again with every turn would make a long one quadratic.
/// </summary>
internal sealed record ModelTurnReference
{
    public required Guid InvocationId { get; init; }

    public required int Turn { get; init; }

    public required string Tenant { get; init; }

    public required string Agent { get; init; }

    public required int AgentVersion { get; init; }

    public required int MaxOutputTokens { get; init; }

    public required DateTime Deadline { get; init; }

    public required string Priority { get; init; }
}
