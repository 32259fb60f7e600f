namespace Pipeline.ToolWorkers.Accounts;

/// <summary>A refund that was issued. One for a transaction, one for a call: two unique indexes say so.</summary>
internal sealed class Refund
{
    public required string Id { get; init; }

    public required string TransactionId { get; init; }

    public required string CallId { get; init; }

    public required long AmountCents { get; init; }

    public required string Reason { get; init; }

    public required DateTimeOffset At { get; init; }
}
