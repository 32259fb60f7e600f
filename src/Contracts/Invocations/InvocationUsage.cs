namespace Pipeline.Contracts.Invocations;

/// <summary>What one invocation used. Tokens are those the provider reported.</summary>
public sealed record InvocationUsage
{
    public required int Turns { get; init; }

    public required int ToolCalls { get; init; }

    public required int InputTokens { get; init; }

    public required int OutputTokens { get; init; }
}
