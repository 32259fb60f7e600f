namespace Pipeline.ProviderSimulator.Limits;

/// <summary>
/// One limit, counted one way. Times are ticks of <see cref="SimulatorClock"/> and never go back. Not safe for concurrent
/// use; <see cref="OrganisationLimiter"/> holds the lock.
/// </summary>
internal abstract class Meter
{
    /// <summary>Keeps a caller that waits exactly as long as it was told from being refused by a rounding error.</summary>
    protected const double Tolerance = 1e-6;

    public abstract int Limit { get; }

    /// <summary>What a rested meter admits at one time.</summary>
    public abstract double Capacity { get; }

    public bool NeverFits(double amount) => amount > Capacity;

    /// <summary>How long until the amount is there; zero = now. The smallest amount asked for is one. It must fit.</summary>
    public abstract TimeSpan WaitFor(double amount, long now);

    /// <summary>May leave a debt: what was produced has been produced. A negative amount gives back.</summary>
    public abstract void Take(double amount, long now);

    public abstract double Used(long now);

    public abstract BucketLevel Level(long now);

    public static Meter? Create(LimitOptions options, LimitDimension dimension, SimulatorClock clock)
    {
        int limit = options.LimitOf(dimension);
        TimeSpan period = options.PeriodOf(dimension);
        return limit == 0 ? null : options.ShapeOf(dimension) switch
        {
            LimitShape.Continuous => new ContinuousMeter(limit, options.BurstSeconds, clock.Now),
            LimitShape.Sliding => new SlidingMeter(limit, period),
            _ => new WindowMeter(limit, period, clock.Start),
        };
    }

    public static double CapacityOf(LimitOptions options, LimitDimension dimension)
    {
        double perSecond = options.LimitOf(dimension) / 60.0;
        return options.ShapeOf(dimension) == LimitShape.Continuous
            ? Math.Max(1, perSecond * options.BurstSeconds)
            : Math.Max(1, Math.Floor((perSecond * options.PeriodOf(dimension).TotalSeconds) + Tolerance));
    }
}
