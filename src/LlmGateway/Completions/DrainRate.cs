namespace Pipeline.LlmGateway.Completions;

/// <summary>How fast a pool's requests are answered, over the last half minute. Not thread-safe.</summary>
internal sealed class DrainRate(TimeProvider time)
{
    private const int Seconds = 30;

    private readonly long _started = time.GetTimestamp();
    private readonly int[] _counts = new int[Seconds];
    private long _second;

    public void Count()
    {
        Advance();
        _counts[_second % Seconds]++;
    }

    /// <summary>How long so many take; as a slow pool's where none was answered lately.</summary>
    public TimeSpan Expected(int requests)
    {
        Advance();
        var perSecond = _counts.Sum() / (double)Math.Clamp(_second + 1, 1, Seconds);
        return TimeSpan.FromSeconds(requests / Math.Max(perSecond, 1d / Seconds));
    }

    private void Advance()
    {
        var now = (long)time.GetElapsedTime(_started).TotalSeconds;
        for (var second = Math.Max(_second + 1, now - Seconds + 1); second <= now; second++)
        {
            _counts[second % Seconds] = 0;
        }

        _second = now;
    }
}
