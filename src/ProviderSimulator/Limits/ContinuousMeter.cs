namespace Pipeline.ProviderSimulator.Limits;

/// <summary>A bucket that refills continuously: the level is computed from the time passed, so no timer runs and nothing is rounded.</summary>
internal sealed class ContinuousMeter(int perMinute, double burstSeconds, long now) : Meter
{
    private readonly double _perSecond = perMinute / 60.0;
    private double _level = Math.Max(1, perMinute / 60.0 * burstSeconds);
    private long _stamp = now;

    public override int Limit => perMinute;

    public override double Capacity { get; } = Math.Max(1, perMinute / 60.0 * burstSeconds);

    public override TimeSpan WaitFor(double amount, long now)
    {
        Refill(now);
        double missing = Math.Max(amount, 1) - _level;
        return missing <= Tolerance ? TimeSpan.Zero : TimeSpan.FromSeconds(missing / _perSecond);
    }

    public override void Take(double amount, long now)
    {
        Refill(now);
        _level = Math.Min(Capacity, _level - amount);
    }

    public override double Used(long now)
    {
        Refill(now);
        return Capacity - _level;
    }

    public override BucketLevel Level(long now)
    {
        Refill(now);
        return new BucketLevel(Limit, Math.Max(0, _level), TimeSpan.FromSeconds((Capacity - _level) / _perSecond));
    }

    private void Refill(long now)
    {
        _level = Math.Min(Capacity, _level + ((now - _stamp) / (double)TimeSpan.TicksPerSecond * _perSecond));
        _stamp = now;
    }
}
