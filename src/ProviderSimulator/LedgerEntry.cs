namespace Pipeline.ProviderSimulator;

/// <summary>One call as the provider saw it. The key appears as an alias only: a short hash that cannot be turned back.</summary>
public sealed record LedgerEntry
{
    /// <summary>The order of arrival; entries stand in the order of their end. 0 for foreign calls.</summary>
    public required long Sequence { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>The arrival in monotonic ticks of 100 ns since the simulator's start.</summary>
    public long ArrivalTicks { get; init; }

    public required string Protocol { get; init; }

    /// <summary>Somebody else's call on the same organisation; it is in no total of ours.</summary>
    public bool Foreign { get; init; }

    public string RequestId { get; init; } = "";

    public string? KeyAlias { get; init; }

    public string? Organisation { get; init; }

    public string? Project { get; init; }

    public string? Model { get; init; }

    /// <summary>The class of models whose limits it counts for; empty = the models without a class, null = it never came to the limits.</summary>
    public string? ModelClass { get; init; }

    public bool Stream { get; init; }

    public int Turn { get; init; }

    /// <summary>The rule that answered.</summary>
    public string? Rule { get; init; }

    /// <summary>Whether every limit let it pass.</summary>
    public bool Admitted { get; init; }

    /// <summary>What was taken from the limits, in order; the first is the admission's, which is also one request.</summary>
    public IReadOnlyList<LedgerCharge> Charges { get; init; } = [];

    /// <summary>Tokens taken from the combined limit, after settlement.</summary>
    public int ChargedTokens { get; init; }

    /// <summary>What is billed: the prompt with its cached part, and the output that was produced, whether it arrived or not.</summary>
    public int InputTokens { get; init; }

    public int OutputTokens { get; init; }

    /// <summary>The part of <see cref="InputTokens"/> that came from the provider's prompt cache.</summary>
    public int CachedTokens { get; init; }

    public Verdict Verdict { get; init; }

    /// <summary>The limit that refused it, such as <c>Organisation gpt-4.1 Tokens</c>.</summary>
    public string? RefusedBy { get; init; }

    /// <summary>How long it was told to wait: what it really had to wait, whatever the header said.</summary>
    public double? RetryAfterMilliseconds { get; init; }

    public StreamState StreamState { get; init; }

    /// <summary>Events of the stream that were written.</summary>
    public int StreamEvents { get; init; }

    /// <summary>0 if no status was sent.</summary>
    public int Status { get; init; }

    public double DurationMilliseconds { get; init; }

    public string? InvocationId { get; init; }

    public string? IdempotencyKey { get; init; }

    public string? Caller { get; init; }

    internal bool Is429 => Status == 429;

    internal bool IsBilled => InputTokens + OutputTokens > 0;
}
