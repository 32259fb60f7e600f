using Pipeline.Chaos.Tests.Load;

namespace Pipeline.Chaos.Tests;

/// <summary>What to run.</summary>
internal sealed record ChaosOptions
{
    /// <summary><c>short</c>, <c>mixed</c>, <c>kills</c>, <c>none</c>; or trials: <c>sigstop</c>, <c>recovery</c>.</summary>
    public string Script { get; init; } = "mixed";

    public int Seed { get; init; } = Random.Shared.Next(1, 1_000_000);

    public int Invocations { get; init; } = 20_000;

    public LoadShape Load { get; init; } = new(Rate: 100, MostOpen: 4_000);

    /// <summary>The share of answers and tool calls that the broker delivers twice.</summary>
    public double CopiedShare { get; init; } = 0.05;

    public int Trials { get; init; } = 200;

    /// <summary>Faults go on until this share of the load has ended.</summary>
    public double FaultsUntil { get; init; } = 0.985;

    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>Leave the logs behind.</summary>
    public bool Keep { get; init; }

    public bool IsTrials => Script is "sigstop" or "recovery";
}
