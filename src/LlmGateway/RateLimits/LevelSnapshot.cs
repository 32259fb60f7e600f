namespace Pipeline.LlmGateway.RateLimits;

/// <summary>One limit of a domain as it stands.</summary>
internal sealed record LevelSnapshot
{
    public required LimitDimension Dimension { get; init; }

    /// <summary>Of a minute, as learned.</summary>
    public required double Limit { get; init; }

    /// <summary>What could be taken at once; below zero is a debt.</summary>
    public required double Level { get; init; }

    public required double UsedLastWindow { get; init; }

    /// <summary>Reserved for what calls in work still produce.</summary>
    public required double InWork { get; init; }

    /// <summary>What the provider takes for a unit of ours.</summary>
    public required double CostRatio { get; init; }

    /// <summary>The speed, as a part of the limit's.</summary>
    public required double Trim { get; init; }

    public required LimitShape Shape { get; init; }
}
