namespace Pipeline.LlmGateway.RateLimits;

/// <summary>What a provider says of its limits in an answer's headers, or in the text of a refusal. Null where it says nothing, or nonsense.</summary>
internal sealed record RateLimitHeaders
{
    public HeaderLevel? Requests { get; init; }

    /// <summary>Input and output together.</summary>
    public HeaderLevel? Tokens { get; init; }

    public HeaderLevel? InputTokens { get; init; }

    public HeaderLevel? OutputTokens { get; init; }

    public HeaderLevel? Of(LimitDimension dimension) => dimension switch
    {
        LimitDimension.Requests => Requests,
        LimitDimension.Tokens => Tokens,
        LimitDimension.InputTokens => InputTokens,
        _ => OutputTokens,
    };
}
