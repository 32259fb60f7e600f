using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.CircuitBreaker;

namespace Pipeline.ServiceDefaults.Dependencies;

/// <summary>
/// The circuit breaker in front of something that a service cannot do without: its database, the broker's queues. Polly's breaker over what the
/// service's own asks meet, with one difference: while it is open no ask probes. A background loop does, one probe at a time, so that no caller
/// pays for finding out, and the circuit closes without any traffic. The loop also probes when nothing is answered although somebody waits: an
/// ask that hangs counts only when its own time limit ends.
/// </summary>
/// <remarks>Before the loop runs and after it ended (migrations, start, stop) the circuit is closed, whatever is met.</remarks>
public sealed class DependencyCircuit : BackgroundService
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(500);

    private readonly DependencyCircuitOptions _options;
    private readonly Func<CancellationToken, Task> _probe;
    private readonly DependencyMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CircuitBreakerStateProvider _state = new();
    private readonly ResiliencePipeline<bool> _breaker;
    private readonly Lock _lock = new();
    private TaskCompletionSource? _closing;
    private Task _lastProbe = Task.CompletedTask;
    private DateTimeOffset _since;
    private DateTimeOffset _nextProbe;
    private string? _reason;
    private long _waitingSince;
    private bool _isSuspected;
    private volatile bool _isWatched;

    /// <summary>A closed circuit.</summary>
    /// <param name="dependency">Its name in logs and metrics.</param>
    /// <param name="options">When it opens.</param>
    /// <param name="probe">Asks the dependency over a connection of its own; throws where it is not answered.</param>
    /// <param name="metrics">Where its state is shown.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where its changes are told.</param>
    public DependencyCircuit(string dependency, DependencyCircuitOptions options, Func<CancellationToken, Task> probe, DependencyMetrics metrics, TimeProvider time, ILogger logger)
    {
        Dependency = dependency;
        (_options, _probe, _metrics, _time, _logger) = (options, probe, metrics, time, logger);
        _since = time.GetUtcNow();
        _breaker = new ResiliencePipelineBuilder<bool> { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<bool>
            {
                FailureRatio = options.FailureRatio,
                MinimumThroughput = options.MinimumCalls,
                SamplingDuration = options.Window,
                BreakDuration = options.Break,
                StateProvider = _state,
                ShouldHandle = static x => ValueTask.FromResult(!x.Outcome.Result),
                OnOpened = x => Opened(x.BreakDuration),
                OnHalfOpened = _ => HalfOpened(),
                OnClosed = _ => Closed(),
            })
            .Build();
        metrics.Observe(this);
    }

    public string Dependency { get; }

    /// <summary>True where asks are refused: nothing but a probe is let through.</summary>
    public bool IsOpen => _isWatched && _state.CircuitState != CircuitState.Closed;

    /// <summary>As every circuit of the pipeline shows it: 0 closed, 1 half-open, 2 open.</summary>
    public int StateNumber => !_isWatched ? 0 : _state.CircuitState switch
    {
        CircuitState.HalfOpen => 1,
        CircuitState.Open or CircuitState.Isolated => 2,
        _ => 0,
    };

    public DependencyCircuitView View
    {
        get
        {
            lock (_lock)
            {
                var state = StateNumber;
                return new DependencyCircuitView(state switch { 0 => "closed", 1 => "half-open", _ => "open" }, _since, state == 0 ? null : _reason);
            }
        }
    }

    /// <summary>Called when it opens, before anybody is refused: the place to throw away connections that are as dead as the rest.</summary>
    public Action? WhenOpened { get; init; }

    /// <summary>Counts a refusal, and says why.</summary>
    public string Refuse()
    {
        _metrics.Refused(Dependency);
        var view = View;
        return $"The circuit of '{Dependency}' is '{view.State}' since '{view.Since:O}': {view.Reason} It is probed every '{_options.Break}'; try again after that.";
    }

    /// <summary>Completes when asks are let through; at once where they are.</summary>
    public Task WhenClosedAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return IsOpen && _closing is { } closing ? closing.Task.WaitAsync(cancellationToken) : Task.CompletedTask;
        }
    }

    /// <summary>Somebody asks and waits.</summary>
    public void Asked()
    {
        if (_isWatched && Volatile.Read(ref _waitingSince) == 0)
        {
            Interlocked.CompareExchange(ref _waitingSince, _time.GetTimestamp(), 0);
        }
    }

    /// <summary>An answer came, be it an error.</summary>
    public void Answered()
    {
        Volatile.Write(ref _waitingSince, 0);
        Count(isAnswered: true, null);
    }

    /// <summary>No answer came: refused, broken, timed out.</summary>
    public void NotAnswered(Exception exception) => Count(isAnswered: false, exception);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _isWatched = true;
        try
        {
            using var timer = new PeriodicTimer(Tick, _time);
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                if (IsProbeDue())
                {
                    await ProbeAsync(stoppingToken);
                }
            }
        }
        finally
        {
            _isWatched = false;
            _closing?.TrySetResult();
        }
    }

    private static string Said(Exception exception) => $"{exception.GetBaseException().GetType().Name}: {exception.GetBaseException().Message}";

    private void Count(bool isAnswered, Exception? exception)
    {
        // While it is open only probes count: what was asked before says nothing about now.
        if (!_isWatched || _state.CircuitState != CircuitState.Closed)
        {
            return;
        }

        if (exception is not null)
        {
            Volatile.Write(ref _reason, Said(exception));
        }

        try
        {
            _breaker.Execute(static x => x, isAnswered);
        }
        catch (BrokenCircuitException)
        {
            // Another one opened it in this moment.
        }
    }

    private bool IsProbeDue()
    {
        if (_state.CircuitState != CircuitState.Closed)
        {
            return _time.GetUtcNow() >= _nextProbe;
        }

        if (Volatile.Read(ref _waitingSince) is not 0 and var since && _time.GetElapsedTime(since) is var silence && silence >= _options.SuspectAfter)
        {
            if (!_isSuspected)
            {
                _logger.Suspected(Dependency, silence);
            }

            return _isSuspected = true;
        }

        return _isSuspected = false;
    }

    private async Task ProbeAsync(CancellationToken stoppingToken)
    {
        try
        {
            await _breaker.ExecuteAsync(AskAsync, stoppingToken);
        }
        catch (BrokenCircuitException)
        {
            // The break is not over yet by the breaker's own reckoning. Next time.
        }
    }

    private async ValueTask<bool> AskAsync(CancellationToken stoppingToken)
    {
        using var limit = new CancellationTokenSource(_options.ProbeTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stoppingToken);
        try
        {
            if (!_lastProbe.IsCompleted)
            {
                throw new TimeoutException($"The probe before this one ignores its time limit of '{_options.ProbeTimeout}'.");
            }

            _lastProbe = _probe(either.Token);
            await _lastProbe.WaitAsync(either.Token);
            Volatile.Write(ref _waitingSince, 0);
            return true;
        }
#pragma warning disable CA1031 // Whatever keeps the dependency from answering: it did not.
        catch (Exception e)
#pragma warning restore CA1031
        {
            var reason = limit.IsCancellationRequested ? $"no answer within '{_options.ProbeTimeout}'." : Said(e);
            Volatile.Write(ref _reason, reason);
            _logger.ProbeFailed(Dependency, reason);
            return false;
        }
    }

    private ValueTask Opened(TimeSpan @break)
    {
        bool isNew;
        lock (_lock)
        {
            _nextProbe = _time.GetUtcNow() + @break;
            isNew = _closing is null;
            if (isNew)
            {
                _closing = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _since = _time.GetUtcNow();
            }
        }

        _metrics.Changed(Dependency, "open");
        if (isNew)
        {
            _logger.CircuitOpened(Dependency, Volatile.Read(ref _reason), @break);
            WhenOpened?.Invoke();
        }

        return ValueTask.CompletedTask;
    }

    private ValueTask HalfOpened()
    {
        _metrics.Changed(Dependency, "half-open");
        return ValueTask.CompletedTask;
    }

    private ValueTask Closed()
    {
        TaskCompletionSource? closing;
        TimeSpan open;
        lock (_lock)
        {
            var now = _time.GetUtcNow();
            (closing, _closing) = (_closing, null);
            (open, _since) = (now - _since, now);
        }

        _metrics.Changed(Dependency, "closed");
        _logger.CircuitClosed(Dependency, open);
        closing?.TrySetResult();
        return ValueTask.CompletedTask;
    }
}
