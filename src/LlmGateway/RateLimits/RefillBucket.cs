namespace Pipeline.LlmGateway.RateLimits;

/// <summary>
/// A bucket that refills continuously, so that no edge of a minute lets a double burst through. Holds at most a small burst.
/// A cost above the burst is let in on a full bucket and leaves a debt: the long-term rate holds, and nothing waits for ever.
/// Not thread-safe; its gate holds the lock.
/// </summary>
internal sealed class RefillBucket
{
    private readonly TimeProvider _time;
    private readonly double _perSecond;
    private readonly double _capacity;
    private double _level;
    private long _refilled;

    public RefillBucket(int perMinute, TimeSpan burst, TimeProvider time)
    {
        _time = time;
        _perSecond = perMinute / 60d;
        _capacity = Math.Max(1, _perSecond * burst.TotalSeconds);
        _level = _capacity;
        _refilled = time.GetTimestamp();
    }

    /// <summary>How long until <paramref name="cost"/> may be taken; zero for now.</summary>
    public TimeSpan WaitFor(double cost)
    {
        Refill();
        var missing = Math.Min(cost, _capacity) - _level;

        // The millionth part of a token is rounding, not a token.
        return missing <= 1e-6 ? TimeSpan.Zero : TimeSpan.FromSeconds(missing / _perSecond);
    }

    public void Take(double cost)
    {
        Refill();
        _level -= cost;
    }

    /// <summary>Gives back what an estimate took too much; a negative amount takes what it took too little.</summary>
    /// <remarks>May lift the level above the burst: what comes back was taken from it before, so the rate holds.</remarks>
    public void Return(double amount)
    {
        Refill();
        _level += amount;
    }

    private void Refill()
    {
        var now = _time.GetTimestamp();
        if (_level < _capacity)
        {
            _level = Math.Min(_capacity, _level + (_time.GetElapsedTime(_refilled, now).TotalSeconds * _perSecond));
        }

        _refilled = now;
    }
}
