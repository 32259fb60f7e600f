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
    public void Refill(double perSecond, double capacity, double now)
    {
        // A request larger than a burst collects its tokens: it must neither wait for ever nor overdraw.
        var full = Math.Max(capacity, _wanted);
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
