namespace Pipeline.Contracts.Completions;

/// <summary>
/// How much waits for a model pool at the gateway, beyond what is in <c>llm.&lt;pool&gt;</c>. Published every few seconds while something is held, and
/// once when nothing is any more; who heard nothing for ten seconds assumes nothing.
/// </summary>
public sealed record ModelPoolPressure
{
    public required string Pool { get; init; }

    /// <summary>Requests that are held.</summary>
    public required int Held { get; init; }

    /// <summary>How long a request that comes now will wait, from the rate at which the pool answered lately.</summary>
    public required double ExpectedWaitSeconds { get; init; }

    public required DateTimeOffset At { get; init; }
}
