namespace Pipeline.ToolWorkers.Accounts;

/// <summary>One change of an account's balance. The ledger's sum and the balances must agree, and no call may appear twice.</summary>
internal sealed class LedgerEntry
{
    public required string Id { get; init; }

    public required string AccountId { get; init; }

    public required string RefundId { get; init; }

    public required string CallId { get; init; }

    public required long AmountCents { get; init; }

    public required long BalanceAfterCents { get; init; }

    public required DateTimeOffset At { get; init; }
}
