namespace Pipeline.ProviderSimulator.Scripts;

internal readonly record struct LatencyRange(int MinMilliseconds, int MaxMilliseconds)
{
    /// <summary>The same draw gives the same latency, so a replay takes as long as the first run.</summary>
    public TimeSpan Pick(ulong draw) =>
        TimeSpan.FromMilliseconds(MinMilliseconds + (int)(draw % (ulong)(MaxMilliseconds - MinMilliseconds + 1)));
}
