namespace Pipeline.LlmGateway.RateLimits;

/// <summary>A call that another owner of the domain made, or this one before its restart.</summary>
/// <param name="Age">Time since it was written down as sent; it reached the provider then or a little later.</param>
/// <param name="Charge">What it took: settled where its end is known, else what was reserved.</param>
internal readonly record struct PastCharge(TimeSpan Age, Charge Charge);
