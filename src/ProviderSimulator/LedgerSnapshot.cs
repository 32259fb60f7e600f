namespace Pipeline.ProviderSimulator;

/// <summary>The body of <c>GET /ledger</c>.</summary>
internal sealed record LedgerSnapshot
{
    public required DateTimeOffset Since { get; init; }

    /// <summary>The simulator's clock, for the times of a report.</summary>
    public required DateTimeOffset Now { get; init; }

    public required long Arrivals { get; init; }

    public required int InFlight { get; init; }

    public required int MaxConcurrent { get; init; }

    public required IReadOnlyDictionary<string, int> MaxConcurrentByOrganisation { get; init; }

    public required long InputTokens { get; init; }

    public required long OutputTokens { get; init; }

    public required long CachedTokens { get; init; }

    public required long ChargedTokens { get; init; }

    /// <summary>Every verdict, also those that never happened.</summary>
    public required IReadOnlyDictionary<string, long> Verdicts { get; init; }

    /// <summary>Ended calls that the ring no longer holds.</summary>
    public required long Forgotten { get; init; }

    /// <summary>The calls that ended last, newest first.</summary>
    public required IReadOnlyList<LedgerEntry> Recent { get; init; }
}
