namespace Pipeline.Orchestrator.Agents;

/// <summary>What one invocation of an agent may use.</summary>
public sealed record AgentLimits
{
    /// <summary>Model turns.</summary>
    public int MaxTurns { get; init; } = 20;

    /// <summary>Input and output tokens of all turns together. Checked before each turn: the last turn may go past it.</summary>
    public int MaxTokens { get; init; } = 200_000;

    /// <summary>Tool calls of all turns together.</summary>
    public int MaxToolCalls { get; init; } = 100;

    /// <summary>Output tokens of one turn.</summary>
    public int MaxOutputTokens { get; init; } = 4_096;

    /// <summary>Wall clock from acceptance to the end, in seconds.</summary>
    public int DeadlineSeconds { get; init; } = 600;
}
