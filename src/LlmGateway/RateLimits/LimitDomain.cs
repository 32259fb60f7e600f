namespace Pipeline.LlmGateway.RateLimits;

/// <summary>
/// Decides which call of a limit domain may go now: all its limits, the concurrency and no pause, all or nothing. Holds nobody: who may not go
/// learns how long to wait. One owner calls it from one place at a time; it takes no lock.
/// </summary>
internal sealed class LimitDomain
{
    private static readonly LimitDimension[] Dimensions = Enum.GetValues<LimitDimension>();

    private readonly LimitDomainOptions _options;
    private readonly ChargeModel _charges;
    private readonly TimeProvider _time;
    private readonly long _started;
    private readonly DimensionLimit?[] _limits = new DimensionLimit?[4];
    private readonly LinkedList<Reservation> _open = [];
    private double _pausedUntil;
    private double _refusedAt = -1;
    private bool _refusalWasOwn;
    private bool _recovering;
    private bool _probing;

    /// <param name="name">As the settings name it.</param>
    /// <param name="options">Its limits.</param>
    /// <param name="charges">How the provider charges where the settings leave it to the protocol.</param>
    /// <param name="time">The clock; only its timestamps are used, which never go back.</param>
    public LimitDomain(string name, LimitDomainOptions options, ChargeModel charges, TimeProvider time)
    {
        Name = name;
        _options = options;
        _charges = options.Charge == ChargeModel.ByProtocol ? charges : options.Charge;
        _time = time;
        _started = time.GetTimestamp();
        foreach (var dimension in Dimensions)
        {
            if (options.LimitOf(dimension) > 0)
            {
                _limits[(int)dimension] = new DimensionLimit(dimension, options, 0);
            }
        }
    }

    public string Name { get; }

    public int InFlight => _open.Count;

    /// <summary>How long nothing is sent because the provider asked for it; zero for not at all.</summary>
    public TimeSpan PausedFor => TimeSpan.FromSeconds(Math.Max(0, _pausedUntil - Now()));

    /// <summary>What a call would take.</summary>
    /// <param name="prompt">Tokens of the prompt, estimated.</param>
    /// <param name="maxOutput">Tokens of output that the request asks for at most.</param>
    /// <param name="expectedOutput">Tokens of output that are likely.</param>
    public Charge ChargeOf(long prompt, long maxOutput, long expectedOutput) => Charge.Of(_charges, prompt, maxOutput, expectedOutput);

    /// <summary>Null where the call can be let through some time; else why it never can, for people.</summary>
    public string? NeverFits(in Charge charge)
    {
        foreach (var limit in _limits)
        {
            if (limit is not null && limit.Exceeded(AmountOf(limit, charge)) is { } most)
            {
                return $"The request takes {AmountOf(limit, charge):0} {NameOf(limit.Dimension)}, the limit of domain '{Name}' is {most:0}. Shorten the conversation or lower its output tokens.";
            }
        }

        return null;
    }

    /// <summary>Reserves what the call takes, or says how long to wait.</summary>
    /// <param name="charge">What it takes.</param>
    /// <param name="wait">How long until it is worth asking again; infinite where a call in work must end first.</param>
    /// <returns>Null: not now.</returns>
    public Reservation? TryReserve(in Charge charge, out TimeSpan wait)
    {
        var now = Now();
        ExpireLeases(now);
        if (_open.Count >= _options.Concurrency || _probing)
        {
            wait = Timeout.InfiniteTimeSpan;
            return null;
        }

        var seconds = Math.Max(0, _pausedUntil - now);
        foreach (var limit in _limits)
        {
            if (limit is not null)
            {
                seconds = Math.Max(seconds, limit.WaitFor(AmountOf(limit, charge), now));
            }
        }

        if (seconds > 0)
        {
            // Rounded up to what a timer can do: to wake too early is to wake twice.
            wait = seconds >= 3600 ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(Math.Ceiling(seconds * 1000));
            return null;
        }

        wait = TimeSpan.Zero;
        foreach (var limit in _limits)
        {
            limit?.Reserve(AtArrivalOf(limit, charge), charge.AsProduced.Of(limit.Dimension), now);
        }

        var reservation = new Reservation(charge, now, _recovering);
        _probing = _recovering;
        _open.AddLast(reservation);
        return reservation;
    }

    /// <summary>The provider answered and counted.</summary>
    /// <param name="reservation">What the call was admitted with.</param>
    /// <param name="input">Input tokens that the limits count.</param>
    /// <param name="output">Output tokens.</param>
    /// <returns>What the call took in the end.</returns>
    public Charge Settle(Reservation reservation, long input, long output)
    {
        var settled = reservation.Charge.Settled(_charges, input, output);
        if (End(reservation))
        {
            Exchange(reservation, settled, requests: 1);
            Recovered(reservation);
        }

        return settled;
    }

    /// <summary>The call was never sent: everything is given back.</summary>
    public void Cancel(Reservation reservation)
    {
        if (End(reservation))
        {
            Exchange(reservation, default, requests: 0);
            _probing &= !reservation.IsProbe;
        }
    }

    /// <summary>Nobody knows what the provider took: everything reserved stays taken.</summary>
    /// <param name="reservation">What the call was admitted with.</param>
    /// <param name="reached">The provider answered something, so that a probe that was has found it.</param>
    public void Abandon(Reservation reservation, bool reached = false)
    {
        if (End(reservation))
        {
            Exchange(reservation, reservation.Charge, requests: 1);
            if (reached)
            {
                Recovered(reservation);
            }
            else
            {
                _probing &= !reservation.IsProbe;
            }
        }
    }

    /// <summary>Calibrates by an answer's headers.</summary>
    public void Observe(RateLimitHeaders headers)
    {
        var now = Now();
        foreach (var limit in _limits)
        {
            if (limit is not null && headers.Of(limit.Dimension) is { } level)
            {
                limit.Observe(level, now);
            }
        }
    }

    /// <summary>The provider refused the call for a rate limit: nothing goes until the pause is over, then one call before all others.</summary>
    /// <param name="reservation">What the call was admitted with.</param>
    /// <param name="headers">What the refusal said of the limits.</param>
    /// <param name="pause">How long to stay away; never shortens a pause that lasts longer.</param>
    /// <returns>Whose calls explain it.</returns>
    public ThrottleCause Throttled(Reservation reservation, RateLimitHeaders? headers, TimeSpan pause)
    {
        var now = Now();
        var own = true;
        if (End(reservation))
        {
            // A refused call takes no tokens, but some providers count the request.
            Exchange(reservation, default, requests: 1);
            own = Learn(reservation, headers, now);
            _probing &= !reservation.IsProbe;
        }

        _pausedUntil = Math.Max(_pausedUntil, now + pause.TotalSeconds);
        _recovering = true;
        return own ? ThrottleCause.Own : ThrottleCause.Foreign;
    }

    /// <summary>The provider refused the call for how fast the load grows: a pause as after a rate limit, and no doubt about the limits.</summary>
    public void SlowDown(Reservation reservation, TimeSpan pause)
    {
        var now = Now();
        if (End(reservation))
        {
            Exchange(reservation, default, requests: 1);
            foreach (var limit in _limits)
            {
                limit?.Pause();
            }

            _probing &= !reservation.IsProbe;
        }

        _pausedUntil = Math.Max(_pausedUntil, now + pause.TotalSeconds);
        _recovering = true;
    }

    /// <summary>Enters what the domain's calls took before this owner had it, so that no window exceeds the limit across a fail-over.</summary>
    public void Restore(IEnumerable<PastCharge> charges)
    {
        var now = Now();
        foreach (var past in charges)
        {
            foreach (var limit in _limits)
            {
                limit?.Restore(AmountOf(limit, past.Charge), past.Age.TotalSeconds, now);
            }
        }
    }

    public DomainSnapshot Snapshot()
    {
        var now = Now();
        return new DomainSnapshot
        {
            Name = Name,
            InFlight = _open.Count,
            Concurrency = _options.Concurrency,
            PausedFor = TimeSpan.FromSeconds(Math.Max(0, _pausedUntil - now)),
            IsProbing = _recovering,
            Levels = [.. _limits.OfType<DimensionLimit>().Select(x => x.Snapshot(now))],
        };
    }

    private double Now() => _time.GetElapsedTime(_started).TotalSeconds;

    private void Recovered(Reservation reservation)
    {
        if (reservation.IsProbe)
        {
            _probing = false;
            _recovering = _pausedUntil > Now();
        }
    }

    private bool End(Reservation reservation)
    {
        if (reservation.HasEnded)
        {
            return false;
        }

        reservation.HasEnded = true;
        _open.Remove(reservation);
        return true;
    }

    private void Exchange(Reservation reservation, in Charge taken, int requests)
    {
        var now = Now();
        foreach (var limit in _limits)
        {
            if (limit is not null)
            {
                var atArrival = limit.Dimension == LimitDimension.Requests ? requests : taken.AtArrival.Of(limit.Dimension);
                limit.Settle(
                    AtArrivalOf(limit, reservation.Charge), reservation.Charge.AsProduced.Of(limit.Dimension), atArrival, taken.AsProduced.Of(limit.Dimension), reservation.At, now);
            }
        }
    }

    // The oldest comes first.
    private void ExpireLeases(double now)
    {
        while (_open.First is { Value: var oldest } && now - oldest.At > _options.ReservationLease.TotalSeconds)
        {
            Abandon(oldest);
        }
    }

    /// <summary>What a refusal says of the limits. Calls that were on their way when the first one was refused say nothing more.</summary>
    private bool Learn(Reservation reservation, RateLimitHeaders? headers, double now)
    {
        if (reservation.At <= _refusedAt)
        {
            return _refusalWasOwn;
        }

        _refusedAt = now;
        _refusalWasOwn = false;
        var refused = Refused(headers, reservation.Charge);
        foreach (var limit in _limits)
        {
            if (limit is not null && (refused is null || limit.Dimension == refused))
            {
                _refusalWasOwn |= limit.Throttled(headers?.Of(limit.Dimension), now);
            }
            else
            {
                limit?.Pause();
            }
        }

        return _refusalWasOwn;
    }

    /// <summary>The limit that a refusal was for: the one that has not enough left for the call; null where the headers do not tell.</summary>
    private LimitDimension? Refused(RateLimitHeaders? headers, in Charge charge)
    {
        if (headers is null)
        {
            return null;
        }

        foreach (var limit in _limits)
        {
            if (limit is not null && headers.Of(limit.Dimension) is { Remaining: { } remaining } && remaining < Math.Max(1, AtArrivalOf(limit, charge)))
            {
                return limit.Dimension;
            }
        }

        return null;
    }

    private static double AtArrivalOf(DimensionLimit limit, in Charge charge) => limit.Dimension == LimitDimension.Requests ? 1 : charge.AtArrival.Of(limit.Dimension);

    private static double AmountOf(DimensionLimit limit, in Charge charge) => AtArrivalOf(limit, charge) + charge.AsProduced.Of(limit.Dimension);

    private static string NameOf(LimitDimension dimension) => dimension switch
    {
        LimitDimension.Requests => "requests",
        LimitDimension.InputTokens => "input tokens a minute",
        LimitDimension.OutputTokens => "output tokens a minute",
        _ => "tokens a minute",
    };
}
