namespace Pipeline.LlmGateway.RateLimits;

/// <summary>
/// A bucket that refills all the time and starts empty: what the provider's own bucket holds after a restart nobody knows. Times are seconds on
/// the domain's clock. Not thread-safe.
/// </summary>
internal sealed class TokenBucket(double now)
{
    private double _refilledAt = now;
    private double _wanted;

    /// <summary>Below zero where a settled call took more than was reserved.</summary>
    public double Level { get; private set; }

    /// <summary>Refills first: the time so far counts with the old values.</summary>
    /// <param name="perSecond">What it gains.</param>
    /// <param name="capacity">What it holds at most.</param>
    /// <param name="onTheWay">What was taken here and perhaps not there yet. While the provider's bucket is full it gains nothing, so neither may ours.</param>
    /// <param name="now">On the domain's clock.</param>
    public void Refill(double perSecond, double capacity, double onTheWay, double now)
    {
        // A request larger than a burst collects its tokens: it must neither wait for ever nor overdraw. Where a burst is a few requests only,
        // to wait for what is on the way would halve the rate.
        var full = _wanted * 4 > capacity ? Math.Max(capacity, _wanted) : capacity - onTheWay;
        if (Level < full)
        {
            Level = Math.Min(full, Level + (Math.Max(0, now - _refilledAt) * perSecond));
        }

        _refilledAt = now;
    }

    /// <summary>Seconds until <paramref name="amount"/> is there. Call <see cref="Refill"/> first.</summary>
    public double WaitFor(double amount, double perSecond)
    {
        var missing = amount - Level;
        if (missing <= 1e-6)
        {
            return 0;
        }

        _wanted = amount;
        return missing / perSecond;
    }

    public void Take(double amount)
    {
        Level -= amount;
        _wanted = 0;
    }

    /// <summary>Nothing more than nothing: after a refusal the provider's bucket holds less than was thought.</summary>
    public void Empty() => Level = Math.Min(Level, 0);
}
