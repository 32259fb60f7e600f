namespace Pipeline.Contracts.Completions;

/// <summary>Tokens of one completion, as the provider billed them.</summary>
public sealed record TokenUsage
{
    /// <summary>All input tokens, cached ones included.</summary>
    public required int InputTokens { get; init; }

    public required int OutputTokens { get; init; }

    /// <summary>The part of <see cref="InputTokens"/> that came from the provider's cache.</summary>
    public int CachedInputTokens { get; init; }
}
