namespace Pipeline.LlmGateway.Providers;

/// <summary>The kinds of failure that are treated differently.</summary>
internal enum ModelFailureKind
{
    None = 0,

    /// <summary>429 on a rate limit: the pool pauses, the request waits for its turn again.</summary>
    Throttled = 1,

    /// <summary>503, 529: the provider has no capacity. Our limits are not to blame and stay as they are.</summary>
    Overloaded = 2,

    /// <summary>5xx, timeout, no connection.</summary>
    Unavailable = 3,

    /// <summary>Not sent: the pool's circuit is open.</summary>
    CircuitOpen = 4,

    /// <summary>Key refused, quota or billing exhausted: never sent again.</summary>
    CredentialsExhausted = 5,

    /// <summary>The request is malformed or not allowed: never sent again.</summary>
    Refused = 6,

    /// <summary>The request cannot fit: never sent again.</summary>
    TooLarge = 7,

    /// <summary>Answered, and billed, but not in the documented shape.</summary>
    AnswerInvalid = 8,

    /// <summary>The request's deadline passed.</summary>
    DeadlineExceeded = 9,
}
