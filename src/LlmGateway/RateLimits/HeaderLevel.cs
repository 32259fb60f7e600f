namespace Pipeline.LlmGateway.RateLimits;

/// <summary>One limit as a provider shows it.</summary>
/// <param name="Limit">The limit of a minute.</param>
/// <param name="Remaining">What is left of it; providers round it.</param>
/// <param name="Reset">How long until all of it is there again.</param>
internal readonly record struct HeaderLevel(long? Limit, long? Remaining, TimeSpan? Reset);
