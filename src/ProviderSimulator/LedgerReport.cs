namespace Pipeline.ProviderSimulator;

/// <summary>A span of the ledger, counted: the body of <c>GET /ledger/report</c>. Foreign calls are only in what says so.</summary>
public sealed record LedgerReport
{
    public required DateTimeOffset From { get; init; }

    public required DateTimeOffset To { get; init; }

    /// <summary>False if the ledger has forgotten calls of the span, or calls are still in flight: then nothing here proves anything.</summary>
    public bool Complete { get; init; } = true;

    public required int Arrivals { get; init; }

    public required int ForeignArrivals { get; init; }

    public required IReadOnlyDictionary<string, int> Verdicts { get; init; }

    /// <summary>Answers with status 429 by cause: the limit that refused, or the verdict.</summary>
    public required IReadOnlyDictionary<string, int> TooManyRequests { get; init; }

    public required long BilledInputTokens { get; init; }

    public required long BilledOutputTokens { get; init; }

    public required long BilledCachedTokens { get; init; }

    public required IReadOnlyList<LimitReport> Limits { get; init; }

    /// <summary>What the callers did after they were told to wait; the first hundred.</summary>
    public required IReadOnlyList<RecoveryReport> Recoveries { get; init; }

    /// <summary>How many idempotency keys arrived more than once, and how many were billed more than once.</summary>
    public required int RepeatedKeys { get; init; }

    public required int RepeatedlyBilledKeys { get; init; }

    /// <summary>The first hundred of the repeated keys.</summary>
    public required IReadOnlyList<RepeatReport> Repeats { get; init; }
}
