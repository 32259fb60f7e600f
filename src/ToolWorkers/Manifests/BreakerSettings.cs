namespace Pipeline.ToolWorkers.Manifests;

/// <summary>When a tool's circuit opens, and for how long.</summary>
public sealed record BreakerSettings
{
    /// <summary>The share of failed calls that opens the circuit.</summary>
    public double FailureRatio { get; init; } = 0.5;

    /// <summary>The share of slow calls that opens the circuit.</summary>
    public double SlowCallRatio { get; init; } = 0.8;

    /// <summary>
    /// A call is slow from this moment on, not only when it ends: a tool that hangs is found out before its time limit. Half the time
    /// limit where null. Also what a probe may take.
    /// </summary>
    public TimeSpan? SlowCall { get; init; }

    /// <summary>Fewer calls than this within <see cref="Sampling"/> never open the circuit.</summary>
    public int MinimumThroughput { get; init; } = 5;

    public TimeSpan Sampling { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the circuit stays open before one call may probe the tool.</summary>
    public TimeSpan Break { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How much longer each break is than the one before, while no probe succeeds.</summary>
    public double BreakGrowth { get; init; } = 2;

    /// <summary>No break is longer; with what a probe may take, the time in which a recovery is noticed.</summary>
    public TimeSpan MaxBreak { get; init; } = TimeSpan.FromSeconds(2);

    /// <param name="breaks">Breaks in a row, this one included.</param>
    public TimeSpan BreakAfter(int breaks)
    {
        var seconds = Break.TotalSeconds * Math.Pow(BreakGrowth, Math.Min(Math.Max(breaks, 1) - 1, 64));
        return seconds < MaxBreak.TotalSeconds ? TimeSpan.FromSeconds(seconds) : MaxBreak;
    }
}
