namespace Pipeline.Orchestrator.Agents;

/// <summary>How an agent's parallel tool calls are bounded and joined.</summary>
public sealed record FanOut
{
    public const int LargestLimit = 1024;

    /// <summary>What the next turn waits for.</summary>
    public JoinRule Join { get; init; } = JoinRule.AllSettled;

    /// <summary>Calls of one model answer that are run; the others are refused by name. Up to <see cref="LargestLimit"/>.</summary>
    public int Limit { get; init; } = 256;
}
