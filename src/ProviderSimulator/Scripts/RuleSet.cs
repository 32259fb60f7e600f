namespace Pipeline.ProviderSimulator.Scripts;

/// <summary>A rule file, compiled.</summary>
internal sealed class RuleSet
{
    /// <summary>What answers where there is no rule file: a plain text, at once.</summary>
    public static readonly RuleSet Empty = new();

    public ulong Seed { get; init; }

    public LatencyRange Latency { get; init; }

    public IReadOnlyList<Rule> Rules { get; init; } = [];

    public int PatternSlots { get; init; }

    /// <summary>What answers if no rule matches.</summary>
    public RuleOutcome Default { get; init; } = new()
    {
        Text = Template.Parse("This is the provider simulator. No rule matches this conversation.", out _),
    };
}
