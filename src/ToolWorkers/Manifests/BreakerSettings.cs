namespace Pipeline.ToolWorkers.Manifests;

/// <summary>When a tool's circuit opens, and for how long.</summary>
public sealed record BreakerSettings
{
    /// <summary>The share of failed calls that opens the circuit.</summary>
    public double FailureRatio { get; init; } = 0.5;

    /// <summary>Fewer calls than this within <see cref="Sampling"/> never open the circuit.</summary>
    public int MinimumThroughput { get; init; } = 5;

    public TimeSpan Sampling { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the circuit stays open before one call may probe the tool.</summary>
    public TimeSpan Break { get; init; } = TimeSpan.FromSeconds(5);
}
