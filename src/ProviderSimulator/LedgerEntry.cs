namespace Pipeline.ProviderSimulator;

/// <summary>One call as the provider saw it. The key appears as an alias only: a short hash that cannot be turned back.</summary>
internal sealed record LedgerEntry
{
    /// <summary>The order of arrival; entries stand in the order of their end.</summary>
    public required long Sequence { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string Protocol { get; init; }

    public string RequestId { get; init; } = "";

    public string? KeyAlias { get; init; }

    public string? Organisation { get; init; }

    public string? Model { get; init; }

    public bool Stream { get; init; }

    public int Turn { get; init; }

    /// <summary>The rule that answered.</summary>
    public string? Rule { get; init; }

    /// <summary>Tokens taken from the buckets, after settlement.</summary>
    public int ChargedTokens { get; init; }

    /// <summary>What the usage of the answer says.</summary>
    public int InputTokens { get; init; }

    public int OutputTokens { get; init; }

    public Verdict Verdict { get; init; }

    /// <summary>0 if no status was sent.</summary>
    public int Status { get; init; }

    public double DurationMilliseconds { get; init; }

    public string? InvocationId { get; init; }

    public string? IdempotencyKey { get; init; }

    public string? Caller { get; init; }
}
