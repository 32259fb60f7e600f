namespace Pipeline.LlmGateway.RateLimits;

/// <summary>Who used up a limit that a call was refused for.</summary>
internal enum ThrottleCause
{
    None = 0,

    /// <summary>Our calls explain it.</summary>
    Own = 1,

    /// <summary>Our calls do not: somebody else uses the same limit.</summary>
    Foreign = 2,
}
