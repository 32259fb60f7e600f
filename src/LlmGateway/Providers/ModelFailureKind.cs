namespace Pipeline.LlmGateway.Providers;

/// <summary>The kinds of failure that are treated differently.</summary>
internal enum ModelFailureKind
{
    None = 0,

    /// <summary>429 on a rate limit: the pool pauses, the request waits for its turn again.</summary>
    Throttled = 1,

    /// <summary>503, 529: the provider has no capacity. Our limits are not to blame and stay as they are.</summary>
    Overloaded = 2,

    /// <summary>5xx, timeout, a connection that broke: what the provider did with the request is not known.</summary>
    Unavailable = 3,

    /// <summary>Not sent: the pool's circuit is open.</summary>
    CircuitOpen = 4,

    /// <summary>Not sent: no key is left that the provider takes.</summary>
    CredentialsExhausted = 5,

    /// <summary>The request is malformed or not allowed: never sent again.</summary>
    Refused = 6,

    /// <summary>Larger than the provider takes at all, or than a whole minute's limit: never sent again.</summary>
    TooLarge = 7,

    /// <summary>Answered, and billed, but not in the documented shape.</summary>
    AnswerInvalid = 8,

    /// <summary>The request's deadline passed.</summary>
    DeadlineExceeded = 9,

    /// <summary>429 on how fast our load grows, not on a limit: we pause and come back more slowly.</summary>
    SlowDown = 10,

    /// <summary>401, 403: the key is not taken. Never sent again with it.</summary>
    KeyRefused = 11,

    /// <summary>Quota, credit or spend limit exhausted: never sent again with this key.</summary>
    QuotaExhausted = 12,

    /// <summary>No connection: nothing was sent.</summary>
    Unreachable = 14,

    /// <summary>Longer than the model's context window; a model with a larger one may take it.</summary>
    ContextExceeded = 13,
}
