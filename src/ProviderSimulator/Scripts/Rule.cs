namespace Pipeline.ProviderSimulator.Scripts;

/// <summary>One rule: all its conditions have to hold. Cheap conditions are tried first.</summary>
internal sealed class Rule
{
    public required string Name { get; init; }

    public int MinTurn { get; init; }

    public int MaxTurn { get; init; } = int.MaxValue;

    public double Chance { get; init; } = 1;

    public IReadOnlyList<RulePattern> Patterns { get; init; } = [];

    /// <summary>Each must match a result of the last turn.</summary>
    public IReadOnlyList<ResultMatcher> Results { get; init; } = [];

    /// <summary>Each must match a result of any turn; the newest is tried first.</summary>
    public IReadOnlyList<ResultMatcher> Seen { get; init; } = [];

    /// <summary>None may match a result of any turn.</summary>
    public IReadOnlyList<ResultMatcher> NotSeen { get; init; } = [];

    public required RuleOutcome Outcome { get; init; }
}
