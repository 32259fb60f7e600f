namespace Pipeline.ToolWorkers.Accounts;

/// <summary>The sample bank's first content. Section <c>Tools</c>, a class of its own because <c>--migrate</c> needs nothing else of it.</summary>
public sealed class AccountSeedOptions
{
    public const string Section = "Tools";

    /// <summary>A JSON file with customers, accounts and transactions, relative to the content root; nothing is seeded where it is empty.</summary>
    public string Seed { get; set; } = "";
}
