using System.Globalization;
using Pipeline.ToolWorkers.Manifests;
using Polly;
using Polly.Timeout;

namespace Pipeline.ToolWorkers.Circuits;

/// <summary>
/// One tool's circuit breaker in one process. Decides from memory alone; what it decides is agreed with the other processes behind it
/// (<see cref="CircuitFleet"/>), except that the right to probe is asked for first (<see cref="CircuitStore"/>).
/// </summary>
internal sealed class ToolCircuit
{
    private readonly Lock _lock = new();
    private readonly HashSet<CircuitPass> _running = [];
    private readonly CallTally _tally;
    private readonly CircuitStore _store;
    private readonly CircuitFleet _fleet;
    private readonly ToolMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ResiliencePipeline _timeLimit;

    private CircuitState _state;
    private DateTimeOffset _since;
    private DateTimeOffset? _retryAt;
    private string? _reason;
    private int _breaks;
    private long _version;
    private bool _claiming;
    private CircuitPass? _probe;

    public ToolCircuit(ServedTool tool, ToolsOptions options, CircuitStore store, CircuitFleet fleet, ToolMetrics metrics, TimeProvider time, ILogger<ToolCircuit> logger)
    {
        Tool = tool;
        Abandoned = new AbandonedCalls(tool.Name, options.MaxAbandonedCalls, logger);
        _store = store;
        _fleet = fleet;
        _metrics = metrics;
        _time = time;
        _logger = logger;
        _tally = new CallTally(time);
        _since = time.GetUtcNow();
        // Asked for each call: the manifest may be read again while the process runs.
        _timeLimit = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddTimeout(new TimeoutStrategyOptions { TimeoutGenerator = _ => ValueTask.FromResult(tool.Manifest.Timeout) })
            .Build();
    }

    public ServedTool Tool { get; }

    public CircuitView View
    {
        get
        {
            lock (_lock)
            {
                return new CircuitView(_state, _since, _state is CircuitState.Open ? _retryAt : null, _breaks, _reason);
            }
        }
    }

    /// <summary>As in <see cref="Contracts.ToolCalls.ToolCircuitChanged.State"/>.</summary>
    public string State => CircuitStateName.Of(View.State);

    /// <summary>Calls that passed their time limit and still run.</summary>
    public AbandonedCalls Abandoned { get; }

    private BreakerSettings Settings => Tool.Manifest.Breaker;

    private TimeSpan SlowAfter => Settings.SlowCall ?? (Tool.Manifest.Timeout / 2);

    /// <summary>Asks to run a call. Answers from memory, but for the one call that finds the break over: it asks the others first.</summary>
    /// <param name="mayBeCutOff">True where the fallback answers a failure of the call.</param>
    /// <param name="cancellationToken">Of the delivery.</param>
    /// <returns>Null where the call must not run: the fallback answers.</returns>
    public async ValueTask<CircuitPass?> EnterAsync(bool mayBeCutOff, CancellationToken cancellationToken)
    {
        int breaks;
        long known;
        lock (_lock)
        {
            if (_state == CircuitState.Closed)
            {
                return Begin_NeedsLock(mayBeCutOff, isProbe: false);
            }

            if (_state == CircuitState.Isolated || _claiming || _probe is not null || _time.GetUtcNow() < _retryAt)
            {
                return null;
            }

            _claiming = true;
            breaks = _breaks;
            known = _version;
        }

        ProbeClaim? claim = null;
        try
        {
            // The lease covers what a probe may take and the writing of its result, whatever the time limit of a call is.
            claim = await _store.ClaimAsync(Tool.Name, SlowAfter + ProbeGrace, breaks, known, cancellationToken);
        }
        finally
        {
            lock (_lock)
            {
                _claiming = false;
            }
        }

        if (claim.Record is { } record && !claim.Granted)
        {
            Adopt(record);
        }

        lock (_lock)
        {
            if (_state == CircuitState.Closed)
            {
                return Begin_NeedsLock(mayBeCutOff, isProbe: false);
            }

            if (!claim.Granted || _state == CircuitState.Isolated || _probe is not null)
            {
                return null;
            }

            _version = Math.Max(_version, claim.Record?.Version ?? 0);
            Become_NeedsLock(CircuitState.HalfOpen, _retryAt, _breaks, endsProbe: false, null);
            return Begin_NeedsLock(mayBeCutOff, isProbe: true);
        }
    }

    /// <summary>Runs within the tool's time limit.</summary>
    /// <exception cref="TimeoutRejectedException">The time limit passed.</exception>
    public ValueTask ExecuteAsync(Func<CancellationToken, ValueTask> run, CancellationToken cancellationToken) => _timeLimit.ExecuteAsync(run, cancellationToken);

    /// <summary>A call has run for as long as makes it slow; it has not ended.</summary>
    public void BecameSlow(CircuitPass pass)
    {
        List<CircuitPass> cut = [];
        lock (_lock)
        {
            if (!_running.Contains(pass))
            {
                return;
            }

            pass.IsSlow = true;
            if (pass == _probe)
            {
                EndProbe_NeedsLock(succeeded: false, SlowText());
            }
            else if (_state == CircuitState.Closed)
            {
                _tally.BecameSlow(Settings);
                OpenIfDue_NeedsLock(SlowText());
                OpenIfStuck_NeedsLock();
            }

            if (_state != CircuitState.Closed)
            {
                cut.AddRange(_running.Where(x => x is { IsSlow: true, MayBeCutOff: true }));
            }
        }

        // Outside the lock: it runs what waits for the token.
        foreach (var slow in cut)
        {
            slow.Cut();
        }
    }

    /// <summary>A call ended; see <see cref="CircuitPass.End"/>.</summary>
    public void Leave(CircuitPass pass)
    {
        lock (_lock)
        {
            _running.Remove(pass);
            if (pass == _probe)
            {
                // A probe that says nothing has not shown that the tool works.
                EndProbe_NeedsLock(pass.End == CallEnd.Succeeded, pass.Reason);
                return;
            }

            if (_state != CircuitState.Closed || pass.IsProbe || pass.End == CallEnd.SaysNothing)
            {
                return;
            }

            var failed = pass.End == CallEnd.Failed;
            _tally.Ended(Settings, failed, pass.IsSlow);
            if (failed)
            {
                OpenIfDue_NeedsLock(pass.Reason);
            }
        }
    }

    /// <summary>Takes over what the processes agreed on, where it is newer than what this one knows.</summary>
    public void Adopt(CircuitRecord record)
    {
        lock (_lock)
        {
            if (record.Version <= _version)
            {
                return;
            }

            _version = record.Version;
            if (_state != record.State)
            {
                Show_NeedsLock(record.State, record.Reason);
            }

            // A state that others decided ends this process's probe: its result no longer counts.
            _probe = null;
            _retryAt = record.RetryAt;
            _breaks = record.Breaks;
        }
    }

    /// <summary>A change of this process is written: older records are known from here on.</summary>
    public void Written(long version)
    {
        lock (_lock)
        {
            _version = Math.Max(_version, version);
        }
    }

    private static TimeSpan ProbeGrace => TimeSpan.FromSeconds(2);

    private string SlowText() => string.Create(CultureInfo.InvariantCulture, $"A call has not answered for {SlowAfter.TotalSeconds} s.");

    private CircuitPass Begin_NeedsLock(bool mayBeCutOff, bool isProbe)
    {
        var pass = new CircuitPass(this, isProbe, mayBeCutOff);
        _running.Add(pass);
        if (isProbe)
        {
            _probe = pass;
        }

        pass.Watch(_time, SlowAfter);
        return pass;
    }

    private void OpenIfDue_NeedsLock(string? reason)
    {
        if (_tally.IsBad(Settings))
        {
            Become_NeedsLock(CircuitState.Open, _time.GetUtcNow() + Settings.BreakAfter(1), 1, endsProbe: false, reason);
        }
    }

    // The calls in work are a sample of their own. Over the window, what went well before would outweigh them for as long as it is in it:
    // there are never more hanging calls than the tool's concurrency.
    private void OpenIfStuck_NeedsLock()
    {
        var slow = _running.Count(x => x.IsSlow);
        if (_state == CircuitState.Closed && _running.Count >= Settings.MinimumThroughput && slow >= _running.Count * Settings.SlowCallRatio)
        {
            var reason = string.Create(CultureInfo.InvariantCulture, $"{slow} of the {_running.Count} calls in work have not answered for {SlowAfter.TotalSeconds} s.");
            Become_NeedsLock(CircuitState.Open, _time.GetUtcNow() + Settings.BreakAfter(1), 1, endsProbe: false, reason);
        }
    }

    private void EndProbe_NeedsLock(bool succeeded, string? reason)
    {
        _probe = null;
        if (succeeded)
        {
            Become_NeedsLock(CircuitState.Closed, null, 0, endsProbe: true, null);
            return;
        }

        var breaks = _breaks + 1;
        Become_NeedsLock(CircuitState.Open, _time.GetUtcNow() + Settings.BreakAfter(breaks), breaks, endsProbe: true, reason);
    }

    // The order of the changes is the order of the queue to the others, so it is written to under the lock; it never waits.
    private void Become_NeedsLock(CircuitState state, DateTimeOffset? retryAt, int breaks, bool endsProbe, string? reason)
    {
        Show_NeedsLock(state, reason);
        _retryAt = retryAt;
        _breaks = breaks;
        _fleet.Report(new CircuitTransition(this, state, _since, retryAt, breaks, endsProbe, reason));
    }

    private void Show_NeedsLock(CircuitState state, string? reason)
    {
        _state = state;
        _since = _time.GetUtcNow();
        _reason = reason;
        _tally.Clear();
        _logger.CircuitChanged(Tool.Name, CircuitStateName.Of(state), reason);
        _metrics.CircuitChanged(Tool.Name, CircuitStateName.Of(state));
    }
}
