using Pipeline.Contracts.Completions;
using Pipeline.Contracts.ToolCalls;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Providers;

/// <summary>A model answered.</summary>
internal sealed record ModelAnswer : ModelOutcome
{
    public string? Text { get; init; }

    public IReadOnlyList<ToolCallRequest>? ToolCalls { get; init; }

    public string? FinishReason { get; init; }

    public required TokenUsage Usage { get; init; }

    /// <summary>What the provider's token limit counts of it; Anthropic does not count what came from its cache.</summary>
    public required int ChargedTokens { get; init; }

    public string? Model { get; init; }

    /// <summary>The provider's id of the answer.</summary>
    public string? Id { get; init; }

    /// <summary>The same, with what the provider said of its limits beside it.</summary>
    public ModelAnswer At(RateLimitHeaders? limits) => this with { Headers = limits };
}
