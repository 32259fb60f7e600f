using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Providers;

/// <summary>What became of one call or of one request: a <see cref="ModelAnswer"/> or a <see cref="ModelFailure"/>.</summary>
internal abstract record ModelOutcome
{
    /// <summary>What the provider said of its limits; null where it said nothing.</summary>
    public RateLimitHeaders? Headers { get; init; }
}
