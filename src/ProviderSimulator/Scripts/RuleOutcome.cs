namespace Pipeline.ProviderSimulator.Scripts;

/// <summary>What a rule answers with: templates and overrides.</summary>
internal sealed class RuleOutcome
{
    public Template? Text { get; init; }

    public IReadOnlyList<ToolCallTemplate> ToolCalls { get; init; } = [];

    public FinishReason Finish { get; init; }

    public LatencyRange? Latency { get; init; }

    public int? InputTokens { get; init; }

    /// <summary>The part of the input that comes from the prompt cache.</summary>
    public int? CachedTokens { get; init; }

    public int? OutputTokens { get; init; }

    public RuleFault? Fault { get; init; }
}
