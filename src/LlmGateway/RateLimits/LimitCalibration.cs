namespace Pipeline.LlmGateway.RateLimits;

/// <summary>
/// What is learned of one limit from the provider's headers and refusals: the limit itself, how it is counted, what a unit of ours costs
/// there, and how fast to go. Headers move these slowly; they never set a level: a header is as old as its answer, and some lie.
/// After research/limiter-simulation: cost ratio from header differences, a set point for what remains.
/// </summary>
internal sealed class LimitCalibration
{
    private const double SetPoint = 0.30;
    private const double Gain = 0.25;
    private const double LargestTrim = 0.10;
    private const double UsualSlower = 0.02;
    private const double Bottom = 0.05;
    private const double ObservedFor = 120;
    private const double CalibratesEvery = 5;
    private const double SaturatedBeforeFaster = 30;
    private const int MatchesToKnow = 40;
    private const double MatchesFor = 20;
    private const double LimitSettlesFor = 75;
    private const double SureOfNothingFor = 600;

    private readonly double _configured;
    private readonly LimitShape _configuredShape;
    private readonly bool _exact;
    private readonly Queue<(double At, double Remaining, double Taken)> _observed = new();
    private double _headerLimit;
    private double _taken;
    private double _calibratedAt;
    private double _saturatedSince;
    private double _advancedAt;
    private int _matches;
    private double _matchesSince;
    private double _unsureUntil;
    private double _mostRemaining;
    private double _candidate;
    private int _candidateSeen;
    private double _limitChangedAt = double.NegativeInfinity;

    public LimitCalibration(double limit, LimitShape shape, bool exact, double now)
    {
        _configured = limit;
        _configuredShape = shape;
        _exact = exact;
        Limit = limit;
        Shape = shape;
        _calibratedAt = _saturatedSince = _advancedAt = now;
    }

    /// <summary>Of a minute: the configured one, moved as far as the provider's own moved.</summary>
    public double Limit { get; private set; }

    public LimitShape Shape { get; private set; }

    /// <summary>What the provider takes for a unit of ours.</summary>
    public double CostRatio { get; private set; } = 1;

    /// <summary>The speed, as a part of the limit's.</summary>
    public double Trim => Math.Min(_trim, 1 + LargestTrim) * Share;

    /// <summary>The part of the limit that others leave us, where no header tells.</summary>
    public double Share { get; private set; } = 1;

    private double _trim = 1;

    public void Took(double amount) => _taken += amount;

    /// <summary>What was lost after a refusal that nothing explained comes back slowly.</summary>
    public void Advance(double now)
    {
        if (Share < 1)
        {
            Share = Math.Min(1, Share + ((now - _advancedAt) * 0.0002));
        }

        _advancedAt = now;
    }

    /// <param name="level">The header.</param>
    /// <param name="ownLastWindow">What we counted in the last window, without the cost ratio.</param>
    /// <param name="saturated">Our bucket is about empty: the limit binds.</param>
    /// <param name="now">Seconds on the domain's clock.</param>
    public void Observe(HeaderLevel level, double ownLastWindow, bool saturated, double now)
    {
        if (!saturated)
        {
            _saturatedSince = now;
        }

        LearnLimit(level.Limit, now);
        if (level.Remaining is not { } remaining || remaining < 0 || remaining > Limit * 1.01 || Limit <= 0)
        {
            return;
        }

        LearnShape(level.Reset, remaining, now);
        var taken = Limit - remaining;
        if (!_exact && ownLastWindow > Limit * 0.1 && now - _limitChangedAt > LimitSettlesFor)
        {
            if (taken > (ownLastWindow * CostRatio) + (Limit * 0.02))
            {
                // However it counts, a provider's level never shows more than a window's sum: ours is too small.
                Calibrate(taken / ownLastWindow, 0.1);
            }
            else if (Shape != LimitShape.Continuous && CostRatio > 1 && taken < (ownLastWindow * CostRatio) - (Limit * 0.02))
            {
                Calibrate(Math.Max(1, taken / ownLastWindow), 0.02);
            }
        }

        if (Shape == LimitShape.Sliding && !_exact && ownLastWindow > Limit * 0.5 && now - _calibratedAt > CalibratesEvery && now - _saturatedSince > 60)
        {
            Calibrate(taken / ownLastWindow, 0.3);
            _calibratedAt = now;
        }

        if (Shape == LimitShape.Continuous)
        {
            FollowBucket(remaining, now);
        }
    }

    /// <returns>True where a lower limit explains the refusal.</returns>
    public bool Refused(HeaderLevel? level, bool own, double now)
    {
        var before = Limit;
        if (level is { Limit: { } limit })
        {
            _candidateSeen = 10;
            _candidate = limit;
            LearnLimit(limit, now);
        }

        _matches = 0;
        _observed.Clear();
        _saturatedSince = now;
        _trim = Math.Min(_trim, 1);
        if (Limit < before * 0.999 || now - _limitChangedAt < LimitSettlesFor)
        {
            // What was taken under the old limit stands against the new one for a while.
            return true;
        }

        if (own)
        {
            Shape = _configuredShape;
            _unsureUntil = now + SureOfNothingFor;
            CostRatio = _exact ? 1 : Math.Min(2, CostRatio * 1.02);
        }

        if (level is null || level.Value.Remaining is null)
        {
            Share = Math.Max(0.05, Share * (own ? 0.8 : 0.7));
        }

        return false;
    }

    private void LearnLimit(long? said, double now)
    {
        if (said is not { } limit || limit <= 0)
        {
            return;
        }

        if (_headerLimit == 0)
        {
            // The first header is the scale: an operator may have configured a share of it. One below the configured limit is the limit.
            _headerLimit = Math.Max(limit, 1);
            Limit = Math.Min(Limit, limit);
            return;
        }

        if (Math.Abs(limit - _headerLimit) < 0.5)
        {
            _candidateSeen = 0;
            return;
        }

        _candidateSeen = Math.Abs(limit - _candidate) < 0.5 ? _candidateSeen + 1 : 1;
        _candidate = limit;

        // Down at once, up when it has been said ten times: a lie upwards costs refusals.
        if (limit < _headerLimit || _candidateSeen >= 10)
        {
            var share = _configured < _headerLimit * 0.999 ? Limit / _headerLimit : 1;
            Limit = limit * share;
            _limitChangedAt = now;
            _headerLimit = limit;
            _candidateSeen = 0;
            _observed.Clear();
            _mostRemaining = 0;
            _saturatedSince = now;
        }
    }

    /// <summary>A continuous bucket, and nothing else, says at every level that it is full again after what was taken has flown in.</summary>
    private void LearnShape(TimeSpan? reset, double remaining, double now)
    {
        if (_configuredShape != LimitShape.Auto || Shape == LimitShape.Continuous || reset is not { } said || now < _unsureUntil)
        {
            return;
        }

        // As exact as the provider rounds: whole seconds, whole thousands, else whole units.
        var expected = (Limit - remaining) / Limit * 60;
        var isWholeSeconds = said.Ticks % TimeSpan.TicksPerSecond == 0;
        var isWholeThousands = Limit >= 100_000 && remaining % 1000 == 0;
        var tolerance = 0.02 + (expected * 0.005) + (isWholeSeconds ? 1 : 0) + ((isWholeThousands ? 500 : 1) * 60 / Limit);
        if (expected < 2 * tolerance)
        {
            return;
        }

        if (Math.Abs(said.TotalSeconds - expected) > tolerance || Math.Abs(Limit - _headerLimit) > 0.5)
        {
            _matches = 0;
            return;
        }

        if (_matches++ == 0)
        {
            _matchesSince = now;
        }

        if (_matches >= MatchesToKnow && now - _matchesSince >= MatchesFor)
        {
            Shape = LimitShape.Continuous;
            _observed.Clear();
            _saturatedSince = now;
        }
    }

    private void FollowBucket(double remaining, double now)
    {
        _mostRemaining = Math.Max(_mostRemaining, remaining);
        _observed.Enqueue((now, remaining, _taken));
        while (_observed.Count > 2 && (_observed.Peek().At < now - ObservedFor || _observed.Count > 4096))
        {
            _observed.Dequeue();
        }

        var isSaturated = now - _saturatedSince > SaturatedBeforeFaster;
        var first = _observed.Peek();
        if (_mostRemaining > Limit / 2 && remaining >= _mostRemaining * 0.97)
        {
            // What flows into a full bucket is lost: differences from before say nothing.
            _observed.Clear();
            if (isSaturated && !_exact && now - _calibratedAt > CalibratesEvery)
            {
                // We go as fast as we think we may, and it fills all the same: a unit costs less than we think.
                Calibrate(CostRatio * 0.95, 1);
                _calibratedAt = now;
            }
        }
        else if (!_exact && now - first.At > 30 && now - _calibratedAt > CalibratesEvery && _taken > first.Taken)
        {
            Calibrate((first.Remaining - remaining + (Limit / 60 * (now - first.At))) / (_taken - first.Taken), 0.3);
            _calibratedAt = now;
        }

        // Slowly up to the set point, faster away from the bottom.
        var rest = remaining / Limit;
        var slower = rest < Bottom ? LargestTrim - ((LargestTrim - UsualSlower) * rest / Bottom) : UsualSlower;
        var trim = 1 + Math.Clamp(Gain * (rest - SetPoint), -slower, LargestTrim);
        _trim = trim > 1 && !isSaturated ? 1 : trim;
    }

    private void Calibrate(double ratio, double weight) => CostRatio += weight * (Math.Clamp(ratio, 0.5, 2) - CostRatio);
}
