using Pipeline.ProviderSimulator.Limits;

namespace Pipeline.ProviderSimulator;

/// <summary>One limit while it had one value. Times are monotonic ticks of 100 ns since the simulator's start.</summary>
public sealed record LimitPeriod
{
    public required string Organisation { get; init; }

    public required LimitScope Scope { get; init; }

    /// <summary>The organisation, the project or the key's alias.</summary>
    public required string Name { get; init; }

    /// <summary>The class of models; empty = the models without a class.</summary>
    public required string ModelClass { get; init; }

    public required LimitDimension Dimension { get; init; }

    public required LimitShape Shape { get; init; }

    public required int PerMinute { get; init; }

    /// <summary>The window: 60 for continuous buckets and fixed minutes.</summary>
    public required double PeriodSeconds { get; init; }

    /// <summary>What one window, or a full bucket, admits.</summary>
    public required double Capacity { get; init; }

    public required long FromTicks { get; init; }

    /// <summary>Null = it still holds.</summary>
    public long? ToTicks { get; init; }

    internal bool IsSameLimit(LimitPeriod other) => this with { FromTicks = other.FromTicks } == other;

    internal bool Covers(LedgerEntry entry) => entry.Organisation == Organisation && (entry.ModelClass ?? "") == ModelClass && Scope switch
    {
        LimitScope.Organisation => true,
        LimitScope.Project => entry.Project == Name,
        LimitScope.Key => entry.KeyAlias == Name,
        _ => false,
    };
}
