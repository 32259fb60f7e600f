using Pipeline.LlmGateway.Completions;
using Pipeline.LlmGateway.Providers;

namespace Pipeline.LlmGateway.Pools;

/// <summary>
/// The circuit breaker of one pool's endpoint. Counts what says that the endpoint is ill (5xx, no capacity, timeout, no connection);
/// a 429 does not, it says that we are too fast.
/// <code>
/// Closed ──too many ill──► Open ──break over──► HalfOpen (one probe) ──well──► Ramping ──10 s──► Closed
///                           ▲                        │ill                         │ill again
///                           └────────────────────────┴────────────────────────────┘ (then for longer)
/// </code>
/// Ramping lets through a second's share of the limit, then each second that much more, so that what waited does not arrive as one burst.
/// An ill call halves it. Thread-safe.
/// </summary>
internal sealed class EndpointCircuit(string pool, int firstSecond, LlmOptions options, TimeProvider time, ILogger logger)
{
    private const int Slices = 10;
    private const int RampSeconds = 10;
    private const int LongestBreakFactor = 8;

    private readonly Lock _lock = new();
    private readonly (long Slice, int Calls, int Ill)[] _counts = new (long, int, int)[Slices];
    private Phase _phase = Phase.Closed;
    private DateTimeOffset _openUntil;
    private DateTimeOffset _rampSince;
    private int _openings;
    private int _breakFactor = 1;
    private double _rampBase;
    private long _rampSecond;
    private int _rampCalls;
    private int _rampEnded;
    private int _rampIll;

    private enum Phase
    {
        Closed,
        Open,
        HalfOpen,
        Ramping,
    }

    /// <summary>As every circuit of the pipeline shows it: 0 closed, 1 half-open or coming back, 2 open, 3 isolated.</summary>
    public int StateNumber
    {
        get
        {
            lock (_lock)
            {
                return _phase switch
                {
                    Phase.Open => 2,
                    Phase.HalfOpen or Phase.Ramping => 1,
                    _ => 0,
                };
            }
        }
    }

    /// <summary>By name: Closed, Open, HalfOpen, Ramping.</summary>
    public string State
    {
        get
        {
            lock (_lock)
            {
                return _phase.ToString();
            }
        }
    }

    /// <summary>True while no call is let through but a probe: who can go elsewhere should.</summary>
    public bool IsOut
    {
        get
        {
            lock (_lock)
            {
                return _phase == Phase.HalfOpen || (_phase == Phase.Open && time.GetUtcNow() < _openUntil);
            }
        }
    }

    /// <summary>How long calls are pointless; null where one would be let through.</summary>
    public TimeSpan? OpenFor => Ask() is not { Answer: CircuitAnswer.No } no ? null
        : no.NotUntil is { } until ? until - time.GetUtcNow()

        // As long as the probe may last; it ends sooner, mostly.
        : options.CircuitBreak;

    /// <summary>Whether a call would be let through now. Takes nothing: <see cref="TryEnter"/> does.</summary>
    public CircuitAdmission Ask()
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            switch (_phase)
            {
                case Phase.Open:
                    return now < _openUntil ? new(CircuitAnswer.No, _openUntil) : new(CircuitAnswer.Probe);

                case Phase.HalfOpen:
                    return new(CircuitAnswer.No);

                case Phase.Ramping:
                    AdvanceRamp_NeedsLock(now);
                    return _phase == Phase.Closed || _rampCalls < Allowed_NeedsLock()
                        ? new(CircuitAnswer.Yes)
                        : new(CircuitAnswer.No, _rampSince + TimeSpan.FromSeconds(_rampSecond + 1));

                default:
                    return new(CircuitAnswer.Yes);
            }
        }
    }

    /// <summary>Takes the right to make one call; null where none is let through.</summary>
    public CircuitPass? TryEnter()
    {
        lock (_lock)
        {
            switch (Ask().Answer)
            {
                case CircuitAnswer.Probe:
                    _phase = Phase.HalfOpen;
                    return new CircuitPass(IsProbe: true, _openings);

                case CircuitAnswer.Yes:
                    _rampCalls++;
                    return new CircuitPass(IsProbe: false, _openings);

                default:
                    return null;
            }
        }
    }

    /// <summary>The call has ended, or was not made (null).</summary>
    public void Leave(CircuitPass pass, ModelOutcome? outcome)
    {
        var effect = outcome is null ? EndpointEffect.None : FailureTable.EndpointEffectOf(outcome);
        lock (_lock)
        {
            if (pass.Opening != _openings)
            {
                return;
            }

            var now = time.GetUtcNow();
            switch (_phase, effect)
            {
                case (Phase.HalfOpen, EndpointEffect.Healthy) when pass.IsProbe:
                    _phase = Phase.Ramping;
                    (_rampSince, _rampBase) = (now, firstSecond);
                    (_rampSecond, _rampCalls, _rampEnded, _rampIll) = (0, 0, 0, 0);
                    Array.Clear(_counts);
                    logger.CircuitClosed(pool, RampSeconds);
                    break;

                case (Phase.HalfOpen, EndpointEffect.Ill) when pass.IsProbe:
                    Open_NeedsLock(now, outcome);
                    break;

                case (Phase.HalfOpen, EndpointEffect.None) when pass.IsProbe:
                    // It told nothing: the next call is the probe.
                    _phase = Phase.Open;
                    _openUntil = now;
                    break;

                case (Phase.Ramping, EndpointEffect.Healthy):
                    _rampEnded++;
                    break;

                case (Phase.Ramping, EndpointEffect.Ill):
                    _rampEnded++;
                    _rampIll++;
                    _rampBase = Math.Max(1d / (RampSeconds * 2), _rampBase / 2);
                    if (_rampIll >= 2 && _rampIll >= _rampEnded * options.CircuitFailureRatio)
                    {
                        // It came back too early: stays away for longer, so that callers are not sent to and fro.
                        _breakFactor = Math.Min(LongestBreakFactor, _breakFactor * 2);
                        Open_NeedsLock(now, outcome);
                    }

                    break;

                case (Phase.Closed, not EndpointEffect.None):
                    Count_NeedsLock(now, effect == EndpointEffect.Ill, outcome);
                    break;

                default:
                    break;
            }
        }
    }

    /// <summary>Makes a call if one is let through; else the failure says how long to stay away.</summary>
    public async Task<ModelOutcome> CallAsync(Func<CancellationToken, Task<ModelOutcome>> call, CancellationToken cancellationToken)
    {
        if (TryEnter() is not { } pass)
        {
            return new ModelFailure(ModelFailureKind.CircuitOpen, "The pool's circuit is open after repeated failures.") { RetryAfter = OpenFor };
        }

        ModelOutcome? outcome = null;
        try
        {
            outcome = await call(cancellationToken);
            return outcome;
        }
        finally
        {
            Leave(pass, outcome);
        }
    }

    private double Allowed_NeedsLock() => Math.Max(1, Math.Floor(_rampBase * (_rampSecond + 1)));

    private void AdvanceRamp_NeedsLock(DateTimeOffset now)
    {
        var second = (long)(now - _rampSince).TotalSeconds;
        if (second >= RampSeconds)
        {
            _phase = Phase.Closed;
            _breakFactor = 1;
        }
        else if (second > _rampSecond)
        {
            (_rampSecond, _rampCalls) = (second, 0);
        }
    }

    private void Count_NeedsLock(DateTimeOffset now, bool isIll, ModelOutcome? outcome)
    {
        var slice = now.UtcTicks / (options.CircuitWindow.Ticks / Slices);
        ref var count = ref _counts[slice % Slices];
        if (count.Slice != slice)
        {
            count = (slice, 0, 0);
        }

        count.Calls++;
        count.Ill += isIll ? 1 : 0;
        if (!isIll)
        {
            return;
        }

        var (calls, ill) = (0, 0);
        foreach (var past in _counts)
        {
            if (past.Slice > slice - Slices)
            {
                calls += past.Calls;
                ill += past.Ill;
            }
        }

        if (calls >= options.CircuitMinimumCalls && ill >= calls * options.CircuitFailureRatio)
        {
            Open_NeedsLock(now, outcome);
        }
    }

    private void Open_NeedsLock(DateTimeOffset now, ModelOutcome? outcome)
    {
        var failure = outcome as ModelFailure;
        var pause = options.CircuitBreak * _breakFactor;
        pause = failure?.RetryAfter > pause ? failure.RetryAfter.Value : pause;
        _phase = Phase.Open;
        _openings++;
        _openUntil = now + pause;
        Array.Clear(_counts);
        logger.CircuitOpened(pool, pause.TotalSeconds, failure?.Reason);
    }
}
