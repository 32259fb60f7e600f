using Pipeline.Contracts.ToolCalls;
using Pipeline.ToolWorkers.Calls;
using Polly;
using Polly.CircuitBreaker;
using Polly.Timeout;

namespace Pipeline.ToolWorkers.Circuits;

/// <summary>
/// One tool's circuit breaker with its time limit inside, in one process: a slow tool counts as a broken one, and after the break
/// exactly one call probes it.
/// </summary>
internal sealed class ToolCircuit
{
    private readonly CircuitBreakerStateProvider _state = new();
    private readonly ResiliencePipeline _pipeline;
    private readonly int _maxAbandoned;
    private readonly ILogger _logger;
    private int _abandoned;

    public ToolCircuit(
        ServedTool tool,
        ToolsOptions options,
        WorkerInstance instance,
        CircuitAnnouncer announcer,
        ToolMetrics metrics,
        TimeProvider time,
        ILogger<ToolCircuit> logger)
    {
        Tool = tool;
        _maxAbandoned = options.MaxAbandonedCalls;
        _logger = logger;
        var breaker = tool.Manifest.Breaker;
        _pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions
            {
                FailureRatio = breaker.FailureRatio,
                MinimumThroughput = breaker.MinimumThroughput,
                SamplingDuration = breaker.Sampling,
                BreakDuration = breaker.Break,
                StateProvider = _state,
                ShouldHandle = x => ValueTask.FromResult(Counts(x.Outcome.Exception)),
                OnOpened = x => Changed("open", x.Outcome.Exception is { } e ? ReasonText.Of(e) : null),
                OnHalfOpened = _ => Changed("half-open", null),
                OnClosed = _ => Changed("closed", null),
            })
            .AddTimeout(tool.Manifest.Timeout)
            .Build();

        ValueTask Changed(string state, string? reason)
        {
            logger.CircuitChanged(tool.Name, state, reason);
            metrics.CircuitChanged(tool.Name, state);
            announcer.Announce(new ToolCircuitChanged { Tool = tool.Name, State = state, Instance = instance.Name, At = time.GetUtcNow(), Reason = reason });
            return ValueTask.CompletedTask;
        }
    }

    public ServedTool Tool { get; }

    /// <summary>As in <see cref="ToolCircuitChanged.State"/>.</summary>
    public string State => _state.CircuitState switch
    {
        CircuitState.Open => "open",
        CircuitState.HalfOpen => "half-open",
        CircuitState.Isolated => "isolated",
        _ => "closed",
    };

    /// <summary>Calls that passed their time limit and still run.</summary>
    public int Abandoned => Volatile.Read(ref _abandoned);

    /// <summary>True where so many calls were abandoned that another one must not begin.</summary>
    public bool IsFull => Abandoned >= _maxAbandoned;

    /// <exception cref="BrokenCircuitException">The circuit is open; nothing was run.</exception>
    /// <exception cref="TimeoutRejectedException">The time limit passed.</exception>
    public ValueTask ExecuteAsync(Func<CancellationToken, ValueTask> run, CancellationToken cancellationToken) => _pipeline.ExecuteAsync(run, cancellationToken);

    /// <summary>Counts a run that was given up on until it ends, however it ends.</summary>
    public void Abandon(Task run, string callId)
    {
        Interlocked.Increment(ref _abandoned);
        run.ContinueWith(
            ended =>
            {
                Interlocked.Decrement(ref _abandoned);
                var thrown = ended.Exception?.InnerException;
                _logger.AbandonedCallEnded(thrown, Tool.Name, callId, ended.Status);
            },
            CancellationToken.None,
            TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    // Our own trouble (the record's database, a cancelled delivery) says nothing of the tool. The probe of a half-open circuit is the
    // exception: it has not shown that the tool works, and Polly would take it for that.
    private bool Counts(Exception? exception) =>
        exception is ToolThrewException or TimeoutRejectedException || (exception is not null && _state.CircuitState == CircuitState.HalfOpen);
}
