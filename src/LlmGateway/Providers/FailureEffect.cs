namespace Pipeline.LlmGateway.Providers;

/// <summary>A row of <see cref="FailureTable"/>.</summary>
/// <param name="Request">What the request does next.</param>
/// <param name="Key">What is known of the key.</param>
/// <param name="Limits">What is known of what the call took of the domain's limits.</param>
/// <param name="Endpoint">What is known of the endpoint.</param>
internal sealed record FailureEffect(RequestEffect Request, KeyEffect Key, LimitEffect Limits, EndpointEffect Endpoint);

/// <summary>What a request does after a failed attempt.</summary>
internal enum RequestEffect
{
    /// <summary>Ends; the failure is the answer.</summary>
    Fail = 0,

    /// <summary>Waits in its place until the domain's limits let it go; the attempt does not count.</summary>
    Hold = 1,

    /// <summary>Tries again after a delay, a bounded number of times, then the next pool of the chain.</summary>
    Retry = 2,

    /// <summary>Tries again at once with another key, of this domain or the pool's next; then the next pool of the chain.</summary>
    AnotherKey = 3,

    /// <summary>Goes to the first pool of the chain with a larger context window; ends where there is none.</summary>
    LargerContext = 4,

    /// <summary>Goes to the next pool of the chain that is not out; waits, or ends, where there is none.</summary>
    AnotherPool = 5,
}

/// <summary>What an outcome says of the key.</summary>
internal enum KeyEffect
{
    /// <summary>Nothing.</summary>
    Unknown = 0,

    /// <summary>The provider knows it.</summary>
    Accepted = 1,

    /// <summary>The provider does not take it.</summary>
    Refused = 2,

    /// <summary>Its money is spent.</summary>
    QuotaExhausted = 3,
}

/// <summary>What an outcome says of the domain's limits.</summary>
internal enum LimitEffect
{
    /// <summary>Never sent: everything reserved is given back.</summary>
    NotSent = 0,

    /// <summary>Not known: everything reserved stays taken.</summary>
    Unknown = 1,

    /// <summary>Refused before any work: one request, no tokens where they are counted as produced.</summary>
    Refused = 2,

    /// <summary>Billed; by the usage where the answer says it, else as reserved.</summary>
    Billed = 3,

    /// <summary>A limit is used up: the domain pauses and finds out why.</summary>
    Throttled = 4,

    /// <summary>The load grew too fast: the domain pauses and comes back slowly. Its limits are not in doubt.</summary>
    SlowDown = 5,
}

/// <summary>What an outcome says of the endpoint.</summary>
internal enum EndpointEffect
{
    None = 0,
    Healthy = 1,
    Ill = 2,
}
