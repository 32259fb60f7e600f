namespace Pipeline.LlmGateway.RateLimits;

/// <summary>How a provider counts a limit.</summary>
public enum LimitShape
{
    /// <summary>Not known: a request goes only where a bucket and a log of the last minute (and, for requests, of ten seconds) both allow it.</summary>
    Auto = 0,

    /// <summary>A bucket that refills all the time and holds a minute's limit.</summary>
    Continuous = 1,

    /// <summary>What was taken in the last window, whenever it began, stays below the limit.</summary>
    Sliding = 2,

    /// <summary>A counter that starts again with every minute of the provider's clock.</summary>
    FixedMinute = 3,

    /// <summary>A counter of a short window, that holds its share of the minute's limit.</summary>
    Quantised = 4,
}
