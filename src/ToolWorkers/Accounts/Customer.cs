namespace Pipeline.ToolWorkers.Accounts;

/// <summary>A customer of the sample bank.</summary>
internal sealed class Customer
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string Email { get; init; }
}
