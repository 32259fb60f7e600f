namespace Pipeline.Orchestrator.Admission;

/// <summary>
/// The arithmetic of one agent's admission in one process, between two readings of the database. Decides by the last reading and by what
/// this process itself took and gave back since; the slot in the database has the last word.
/// </summary>
internal sealed class AgentPacing(AdmissionLimits limits, AdmissionOptions options, Func<double> random)
{
    /// <summary>Before anything has ended: as if a full agent emptied in a minute.</summary>
    private const double SecondsToEmptyUnmeasured = 60;

    private readonly Lock _lock = new();
    private AgentReading _reading = new(0, null, TimeSpan.Zero, null, 0, 1);
    private double _perSecond = Math.Max(0.1, limits.Cap / SecondsToEmptyUnmeasured);
    private int _taken;
    private int _ended;
    private DateTime _promisedUntil;
    private int _promises;
    private bool _closed;

    public AdmissionLimits Limits => limits;

    /// <summary>Newcomers are deferred.</summary>
    public bool IsClosed
    {
        get
        {
            lock (_lock)
            {
                return _closed;
            }
        }
    }

    /// <summary>Invocations that end in a second, over all replicas; the last measured rate where too few ended lately.</summary>
    public double DrainPerSecond
    {
        get
        {
            lock (_lock)
            {
                return _perSecond;
            }
        }
    }

    public AgentReading Reading
    {
        get
        {
            lock (_lock)
            {
                return _reading;
            }
        }
    }

    /// <summary>Backlog over drain rate, plus the wait for the model.</summary>
    public TimeSpan ExpectedWait
    {
        get
        {
            lock (_lock)
            {
                return ExpectedWaitNeedsLock();
            }
        }
    }

    /// <returns>True where the agent opened or closed by it.</returns>
    public bool Observe(AgentReading reading)
    {
        lock (_lock)
        {
            _reading = reading;
            (_taken, _ended) = (0, 0);
            _promises = reading.Promises;
            if (reading.EndedPerSecond is { } measured)
            {
                _perSecond = Math.Max(0.01, measured);
            }

            if (reading.PromisedUntil is { } until && until > _promisedUntil)
            {
                _promisedUntil = until;
            }

            return TurnNeedsLock();
        }
    }

    /// <summary>One that ended in this process frees a slot at once, not only with the next reading.</summary>
    public void Ended()
    {
        lock (_lock)
        {
            _ended++;
            TurnNeedsLock();
        }
    }

    /// <summary>The slot that was counted as taken was not there.</summary>
    public void WasFull()
    {
        lock (_lock)
        {
            // Not before something ends or the next reading says otherwise.
            _taken += Math.Max(1, FreeNeedsLock());
            TurnNeedsLock();
        }
    }

    /// <summary>A caller nobody knows yet: while the agent is open.</summary>
    public bool TryAdmitNewcomer()
    {
        lock (_lock)
        {
            TurnNeedsLock();
            return !_closed && TakeNeedsLock();
        }
    }

    /// <summary>One that waits in our queue, whose caller hears nothing: whenever there is room below the high-water mark.</summary>
    public bool TryAdmitParked()
    {
        lock (_lock)
        {
            return _reading.PoolWait <= limits.MaxWait && TakeNeedsLock();
        }
    }

    /// <summary>A caller who comes back at the promised time: also where newcomers are not taken. The slot itself decides.</summary>
    public void AdmitPromised()
    {
        lock (_lock)
        {
            _taken++;
        }
    }

    /// <summary>The next place of the virtual queue.</summary>
    /// <returns>UTC, and whether it is kept; otherwise the caller can only be told to come much later.</returns>
    public (DateTime NotBefore, bool IsKept) Promise(DateTime now)
    {
        lock (_lock)
        {
            var step = TimeSpan.FromSeconds(1 / (_perSecond * options.PromisedShare));
            // Every process books the same queue: each takes as many steps at once as there are processes, and somewhere among them.
            var span = step * _reading.Replicas;
            var from = _promisedUntil > now ? _promisedUntil : now;
            var wait = from + (span * random()) - now;
            var latest = options.MaxRetryAfter;
            if (wait > latest || _promises >= options.MaxPromises)
            {
                // Not all at the same moment.
                return (now + (latest * (0.9 + (0.1 * random()))), false);
            }

            _promises++;
            _promisedUntil = from + span;
            return (now + wait, true);
        }
    }

    /// <summary>About how long a newcomer would have to wait for a place.</summary>
    public TimeSpan NextPlaceIn(DateTime now)
    {
        lock (_lock)
        {
            return _promisedUntil > now ? _promisedUntil - now : TimeSpan.Zero;
        }
    }

    /// <summary>A place for one whose promise could not be kept: soon, and not behind everybody who came later.</summary>
    public DateTime Soon(DateTime now) => now + TimeSpan.FromSeconds(1 + (2 * random()));

    private bool TakeNeedsLock()
    {
        if (FreeNeedsLock() < 1)
        {
            return false;
        }

        _taken++;
        return true;
    }

    /// <summary>This process's part of what is free below the high-water mark.</summary>
    private int FreeNeedsLock()
    {
        var free = limits.HighWater - _reading.Open;
        var part = free <= 0 ? free : (free + _reading.Replicas - 1) / _reading.Replicas;
        return part - _taken + _ended;
    }

    private int OpenNeedsLock() => _reading.Open + _taken - _ended;

    private TimeSpan ExpectedWaitNeedsLock() => TimeSpan.FromSeconds(Math.Max(0, OpenNeedsLock()) / Math.Max(_perSecond, limits.Cap / SecondsToEmptyUnmeasured)) + _reading.PoolWait;

    private bool TurnNeedsLock()
    {
        var before = _closed;
        var (open, wait) = (OpenNeedsLock(), ExpectedWaitNeedsLock());
        if (_closed)
        {
            _closed = open >= limits.LowWater || wait > limits.MaxWait * 0.8;
        }
        else
        {
            _closed = open >= limits.HighWater || wait > limits.MaxWait;
        }

        return before != _closed;
    }
}
