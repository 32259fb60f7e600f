namespace Pipeline.ProviderSimulator.Scripts;

/// <summary>What a rule answers with: templates and overrides.</summary>
internal sealed class RuleOutcome
{
    public Template? Text { get; init; }

    public IReadOnlyList<ToolCallTemplate> ToolCalls { get; init; } = [];

    public FinishReason Finish { get; init; }

    public LatencyRange? Latency { get; init; }

    public int? InputTokens { get; init; }

    public int? OutputTokens { get; init; }

    public RuleFault? Fault { get; init; }
}
