namespace Pipeline.ProviderSimulator;

/// <summary>Numbers that look random and are the same for the same seed, in every process. Not safe for concurrent use.</summary>
internal sealed class SeededDraws(ulong seed, string stream)
{
    private ulong _state = stream.Aggregate(seed ^ 14695981039346656037, (hash, c) => (hash ^ c) * 1099511628211);

    /// <summary>From 0 to below 1.</summary>
    public double Next()
    {
        _state += 0x9e3779b97f4a7c15;
        ulong value = (_state ^ (_state >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return ((value ^ (value >> 31)) >> 11) / (double)(1UL << 53);
    }
}
