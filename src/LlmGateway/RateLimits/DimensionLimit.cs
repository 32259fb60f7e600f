namespace Pipeline.LlmGateway.RateLimits;

/// <summary>
/// One limit of a domain, mirrored: a bucket for providers that count continuously and a log for those that count windows. Until the shape is
/// known both must allow a call. What we count is multiplied by a cost ratio that follows what the provider's headers say was taken.
/// Times are seconds on the domain's clock. Not thread-safe; the domain's owner calls from one place.
/// </summary>
internal sealed class DimensionLimit
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan ShortWindow = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestWay = TimeSpan.FromSeconds(2);

    private readonly double _burst;
    private readonly TokenBucket _bucket;
    private readonly WindowLog _onTheWay;
    private readonly WindowLog _log;
    private readonly WindowLog? _shortLog;
    private readonly LimitCalibration _calibration;
    private double _inWork;
    private double _reservedAsProduced = 1;
    private double _producedOfIt = 1;
    private double _burstLearned = 1;

    public DimensionLimit(LimitDimension dimension, LimitDomainOptions options, double now)
    {
        Dimension = dimension;
        Configured = (dimension == LimitDimension.Requests ? options.RequestShape : null) ?? options.Shape;
        _burst = options.Burst.TotalSeconds;
        var window = Configured switch
        {
            LimitShape.Sliding => options.Window ?? Minute,
            LimitShape.Quantised => options.Window ?? ShortWindow,
            _ => Minute,
        };
        _bucket = new TokenBucket(now);
        // Less than a burst, so that the rest of it is enough for the full rate.
        var way = options.Burst * 0.75;
        _onTheWay = new WindowLog(way < LongestWay ? way : LongestWay, TimeSpan.Zero, now);
        _log = new WindowLog(window, options.ArrivalJitter, now);
        _shortLog = dimension == LimitDimension.Requests && Configured == LimitShape.Auto ? new WindowLog(ShortWindow, options.ArrivalJitter / 7.5, now) : null;
        _calibration = new LimitCalibration(options.LimitOf(dimension), Configured, dimension == LimitDimension.Requests, now);
    }

    public LimitDimension Dimension { get; }

    /// <summary>As the settings say it; <see cref="LimitShape.Auto"/> may turn out to be continuous.</summary>
    public LimitShape Configured { get; }

    public LimitCalibration Calibration => _calibration;

    public double Level => _bucket.Level;

    /// <summary>Null where <paramref name="amount"/> can be let through some time; else the most that can.</summary>
    public double? Exceeded(double amount)
    {
        var most = _calibration.Limit * (UsesLog ? _log.Window.TotalMinutes : 1);
        return amount * _calibration.CostRatio > most + 1e-6 ? most : null;
    }

    /// <summary>Seconds until <paramref name="amount"/> may go; 0 for now; infinite where a call in work must end first.</summary>
    public double WaitFor(double amount, double now)
    {
        Refill(now);
        var cost = amount * _calibration.CostRatio;
        var wait = UsesBucket ? _bucket.WaitFor(cost, PerSecond) : 0;
        if (UsesLog)
        {
            wait = Math.Max(wait, LogWait(_log, amount, ExpectedInWork, now));
        }

        if (_shortLog is not null && UsesLog)
        {
            wait = Math.Max(wait, LogWait(_shortLog, amount, 0, now));
        }

        return wait;
    }

    public void Reserve(double atArrival, double asProduced, double now)
    {
        _bucket.Take((atArrival + asProduced) * _calibration.CostRatio);
        _onTheWay.Send(atArrival + asProduced, now);
        _log.Send(atArrival, now);
        _shortLog?.Send(atArrival, now);
        _inWork += asProduced;
        _calibration.Took(atArrival + asProduced);
    }

    /// <summary>Exchanges what was reserved for what was taken.</summary>
    public void Settle(double reservedAtArrival, double reservedAsProduced, double atArrival, double asProduced, double reservedAt, double now)
    {
        Refill(now);
        var unused = reservedAtArrival + reservedAsProduced - atArrival - asProduced;
        _bucket.Take(-unused * _calibration.CostRatio);
        _onTheWay.Arrived(reservedAtArrival + reservedAsProduced, 0, reservedAt, now);
        _inWork = Math.Max(0, _inWork - reservedAsProduced);
        _log.Arrived(reservedAtArrival, atArrival, reservedAt, now);
        _shortLog?.Arrived(reservedAtArrival, atArrival, reservedAt, now);

        if (reservedAsProduced > 0)
        {
            // Over some hundred calls: what is reserved of output is the most that is likely, what comes is less.
            _reservedAsProduced = (_reservedAsProduced * 0.99) + reservedAsProduced;
            _producedOfIt = (_producedOfIt * 0.99) + asProduced;
        }

        // The last of it was produced now; a provider's window may still hold it that long.
        _log.Take(asProduced, now, now);
        _calibration.Took(-unused);
    }

    public void Observe(HeaderLevel level, double now)
    {
        Refill(now);
        _calibration.Observe(level, _log.Used(now) + ExpectedInWork, _bucket.Level <= Math.Max(PerSecond * 5, _calibration.Limit * 0.02), now);
    }

    /// <summary>The provider refused a call.</summary>
    /// <returns>True where our own calls explain it; false where somebody else must use the limit too.</returns>
    public bool Throttled(HeaderLevel? level, double now)
    {
        Refill(now);
        var own = (_log.Used(now) + ExpectedInWork) * _calibration.CostRatio >= _calibration.Limit * _log.Window.TotalMinutes * 0.75;
        var limitChanged = _calibration.Refused(level, own, now);
        if (own && !limitChanged)
        {
            _burstLearned = Math.Max(0.02, _burstLearned / 2);
        }

        _bucket.Empty();
        return own;
    }

    /// <summary>Enters what was taken before this mirror was made.</summary>
    public void Restore(double amount, double age, double now) => _log.Send(amount, now - age);

    public void Pause() => _bucket.Empty();

    public LevelSnapshot Snapshot(double now)
    {
        Refill(now);
        return new LevelSnapshot
        {
            Dimension = Dimension,
            Limit = _calibration.Limit,
            Level = UsesBucket ? _bucket.Level : (_calibration.Limit * _log.Window.TotalMinutes) - ((_log.Used(now) + ExpectedInWork) * _calibration.CostRatio),
            UsedLastWindow = _log.Used(now) * _calibration.CostRatio,
            InWork = _inWork,
            CostRatio = _calibration.CostRatio,
            Trim = _calibration.Trim,
            Shape = _calibration.Shape,
        };
    }

    /// <summary>What calls in work will still produce, as far as earlier ones tell.</summary>
    private double ExpectedInWork => _inWork * Math.Min(1, _producedOfIt / _reservedAsProduced);

    private bool UsesBucket => _calibration.Shape is LimitShape.Auto or LimitShape.Continuous;

    private bool UsesLog => _calibration.Shape != LimitShape.Continuous;

    private double PerSecond => Math.Max(1e-9, _calibration.Limit / 60 * _calibration.Trim);

    private void Refill(double now)
    {
        _calibration.Advance(now);
        // A burst that was learned is smaller than the provider's: room enough for what is late.
        var onTheWay = _burstLearned < 1 ? 0 : _onTheWay.Used(now) * _calibration.CostRatio;
        _bucket.Refill(PerSecond, Math.Max(1, _calibration.Limit / 60 * _burst * _burstLearned), onTheWay, now);
    }

    private double LogWait(WindowLog log, double amount, double inWork, double now)
    {
        var allowed = Math.Floor((_calibration.Limit * _calibration.Share * log.Window.TotalMinutes) + 1e-6) / _calibration.CostRatio;
        var wait = log.WaitFor(log.Used(now) + inWork + amount - allowed, now);
        return wait ?? double.PositiveInfinity;
    }
}
