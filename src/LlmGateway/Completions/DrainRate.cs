namespace Pipeline.LlmGateway.Completions;

/// <summary>How fast a pool's requests are answered, over the last half minute. Not thread-safe.</summary>
internal sealed class DrainRate(TimeProvider time)
{
    private const int Seconds = 30;
    private const double Unmeasured = 1;

    private readonly long _started = time.GetTimestamp();
    private readonly int[] _counts = new int[Seconds];
    private long _second;

    public void Count()
    {
        Advance();
        _counts[_second % Seconds]++;
    }

    /// <summary>How long so many take; at one a second where none was answered lately.</summary>
    public TimeSpan Expected(int requests)
    {
        Advance();
        var answered = _counts.Sum();
        var perSecond = answered == 0 ? Unmeasured : answered / (double)Math.Clamp(_second + 1, 1, Seconds);
        return TimeSpan.FromSeconds(requests / perSecond);
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
