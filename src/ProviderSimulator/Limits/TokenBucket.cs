namespace Pipeline.ProviderSimulator.Limits;

/// <summary>
/// A bucket that refills continuously: the level is computed from the time passed, so no timer runs and nothing is rounded.
/// Not safe for concurrent use; <see cref="OrganisationLimiter"/> holds the lock.
/// </summary>
internal sealed class TokenBucket
{
    private readonly double _perSecond;
    private readonly double _capacity;
    private readonly TimeProvider _time;
    private double _level;
    private long _stamp;

    public TokenBucket(int perMinute, double burstSeconds, TimeProvider time)
    {
        Limit = perMinute;
        _perSecond = perMinute / 60.0;
        _capacity = Math.Max(1, _perSecond * burstSeconds);
        _time = time;
        _level = _capacity;
        _stamp = time.GetTimestamp();
    }

    public int Limit { get; }

    public bool NeverFits(double amount) => amount > _capacity;

    /// <summary>How long until the amount is there; zero = now. The smallest amount asked for is one token.</summary>
    public TimeSpan WaitFor(double amount)
    {
        Refill();
        // The tolerance keeps a caller that waits exactly as long as it was told from being refused by a rounding error.
        double missing = Math.Max(amount, 1) - _level;
        return missing <= 1e-6 ? TimeSpan.Zero : TimeSpan.FromSeconds(missing / _perSecond);
    }

    /// <summary>May leave a debt: what was produced has been produced. A negative amount gives back.</summary>
    public void Take(double amount)
    {
        Refill();
        _level = Math.Min(_capacity, _level - amount);
    }

    public BucketLevel Level()
    {
        Refill();
        return new BucketLevel(Limit, Math.Max(0, _level), TimeSpan.FromSeconds((_capacity - _level) / _perSecond));
    }

    public int Used()
    {
        Refill();
        return (int)Math.Ceiling(_capacity - _level);
    }

    private void Refill()
    {
        long now = _time.GetTimestamp();
        _level = Math.Min(_capacity, _level + (_time.GetElapsedTime(_stamp, now).TotalSeconds * _perSecond));
        _stamp = now;
    }
}
