namespace Pipeline.ProviderSimulator;

/// <summary>The filters of <c>GET /ledger/entries</c>; what is not set matches everything.</summary>
internal sealed record LedgerQuery
{
    public const int DefaultLimit = 1000;
    public const int MaxLimit = 100_000;

    public DateTimeOffset? From { get; init; }

    public DateTimeOffset? To { get; init; }

    public string? Organisation { get; init; }

    public string? Project { get; init; }

    public string? Key { get; init; }

    public string? Model { get; init; }

    public string? Invocation { get; init; }

    public string? IdempotencyKey { get; init; }

    public Verdict? Verdict { get; init; }

    public bool? Foreign { get; init; }

    public int Limit { get; init; } = DefaultLimit;

    public bool Matches(LedgerEntry entry) =>
        (From is null || entry.At >= From) && (To is null || entry.At < To)
        && Is(Organisation, entry.Organisation) && Is(Project, entry.Project) && Is(Key, entry.KeyAlias) && Is(Model, entry.Model)
        && Is(Invocation, entry.InvocationId) && Is(IdempotencyKey, entry.IdempotencyKey)
        && (Verdict is null || entry.Verdict == Verdict) && (Foreign is null || entry.Foreign == Foreign);

    private static bool Is(string? wanted, string? value) => wanted is null || wanted == value;
}
