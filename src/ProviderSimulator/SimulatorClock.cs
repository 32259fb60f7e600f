namespace Pipeline.ProviderSimulator;

/// <summary>Monotonic time in ticks of 100 ns since the start: limits and ledger must not jump when the wall clock is set.</summary>
internal sealed class SimulatorClock(TimeProvider time)
{
    private readonly long _origin = time.GetTimestamp();

    public TimeProvider Time => time;

    /// <summary>The wall clock at tick 0.</summary>
    public DateTimeOffset Start { get; } = time.GetUtcNow();

    public long Now => time.GetElapsedTime(_origin).Ticks;
}
