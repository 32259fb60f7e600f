namespace Pipeline.ProviderSimulator.Limits;

/// <summary>An exact log: what was taken in the last window stands against the limit, and leaves it to the tick one window later.</summary>
internal sealed class SlidingMeter(int perMinute, TimeSpan window) : Meter
{
    private readonly Queue<(long At, double Amount)> _log = new();
    private double _used;

    /// <summary>Given back after it was taken: it lowers the oldest entries, which is what the caller sees of it first.</summary>
    private double _credit;

    public override int Limit => perMinute;

    public override double Capacity { get; } = Math.Max(1, Math.Floor((perMinute * window.TotalSeconds / 60) + Tolerance));

    public override TimeSpan WaitFor(double amount, long now)
    {
        double missing = Used(now) + Math.Max(amount, 1) - Capacity;
        if (missing <= Tolerance)
        {
            return TimeSpan.Zero;
        }

        double covered = -_credit;
        foreach ((long at, double taken) in _log)
        {
            covered += taken;
            if (covered >= missing - Tolerance)
            {
                return new TimeSpan(at + window.Ticks - now);
            }
        }

        return window;
    }

    public override void Take(double amount, long now)
    {
        Leave(now);
        _used = Math.Max(0, _used + amount);
        if (amount > 0)
        {
            _log.Enqueue((now, amount));
        }
        else
        {
            _credit -= amount;
        }
    }

    public override double Used(long now)
    {
        Leave(now);
        return _used;
    }

    public override BucketLevel Level(long now)
    {
        Leave(now);
        return new BucketLevel(Limit, Math.Max(0, Capacity - _used), _log.TryPeek(out (long At, double) oldest) ? new TimeSpan(oldest.At + window.Ticks - now) : TimeSpan.Zero);
    }

    private void Leave(long now)
    {
        while (_log.TryPeek(out (long At, double Amount) oldest) && oldest.At + window.Ticks <= now)
        {
            _log.Dequeue();
            double credit = Math.Min(_credit, oldest.Amount);
            _credit -= credit;
            _used = Math.Max(0, _used - (oldest.Amount - credit));
        }

        if (_log.Count == 0)
        {
            (_used, _credit) = (0, 0);
        }
    }
}
