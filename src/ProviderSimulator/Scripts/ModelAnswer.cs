namespace Pipeline.ProviderSimulator.Scripts;

/// <summary>What the scripted model decided.</summary>
internal sealed class ModelAnswer
{
    public required string Rule { get; init; }

    public string Text { get; init; } = "";

    public IReadOnlyList<AnswerToolCall> ToolCalls { get; init; } = [];

    public FinishReason Finish { get; init; } = FinishReason.Stop;

    public TimeSpan Latency { get; init; }

    public int InputTokens { get; init; }

    /// <summary>The part of <see cref="InputTokens"/> that came from the prompt cache.</summary>
    public int CachedTokens { get; init; }

    public int OutputTokens { get; init; }

    public RuleFault? Fault { get; init; }
}
