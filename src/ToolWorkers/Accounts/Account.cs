namespace Pipeline.ToolWorkers.Accounts;

/// <summary>An account of the sample bank.</summary>
internal sealed class Account
{
    public required string Id { get; init; }

    public required string CustomerId { get; init; }

    /// <summary><c>active</c>, <c>frozen</c> or <c>closed</c>.</summary>
    public required string Status { get; init; }

    public required string Currency { get; init; }

    public required long BalanceCents { get; set; }
}
