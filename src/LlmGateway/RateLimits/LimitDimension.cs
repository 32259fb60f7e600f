namespace Pipeline.LlmGateway.RateLimits;

/// <summary>What a provider limits in a minute.</summary>
internal enum LimitDimension
{
    Requests = 0,

    /// <summary>Input and output together.</summary>
    Tokens = 1,
    InputTokens = 2,
    OutputTokens = 3,
}
