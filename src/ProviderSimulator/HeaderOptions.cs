namespace Pipeline.ProviderSimulator;

/// <summary>What is true and what is wrong in the headers.</summary>
public sealed class HeaderOptions
{
    /// <value>How the rate-limit headers look.</value>
    public HeaderForm RateLimits { get; set; }

    /// <value>Multiplies what the headers say remains: 2 = twice as much as there is.</value>
    public double RemainingFactor { get; set; } = 1;

    /// <value>How old the levels in the headers are.</value>
    public double DelaySeconds { get; set; }

    /// <value>How a refusal says when to come back.</value>
    public RetryAfterForm RetryAfter { get; set; }

    /// <value>Multiplies the time that a refusal tells: 0.5 = too early.</value>
    public double RetryAfterFactor { get; set; } = 1;
}
