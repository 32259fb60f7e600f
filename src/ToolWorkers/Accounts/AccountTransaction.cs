namespace Pipeline.ToolWorkers.Accounts;

/// <summary>A payment from an account to a merchant.</summary>
internal sealed class AccountTransaction
{
    public required string Id { get; init; }

    public required string AccountId { get; init; }

    public required DateTimeOffset At { get; init; }

    public required string Merchant { get; init; }

    /// <summary>The merchant in lower case: the databases differ in what they take for equal.</summary>
    public required string MerchantKey { get; init; }

    public required long AmountCents { get; init; }

    public required string Currency { get; init; }

    /// <summary><c>settled</c> or <c>pending</c>.</summary>
    public required string Status { get; init; }

    public long RefundedCents { get; set; }
}
