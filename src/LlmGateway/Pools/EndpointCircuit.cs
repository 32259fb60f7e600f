using Pipeline.LlmGateway.Completions;
using Pipeline.LlmGateway.Providers;
using Polly;
using Polly.CircuitBreaker;

namespace Pipeline.LlmGateway.Pools;

/// <summary>
/// The circuit breaker of one pool's endpoint. Counts what says that the endpoint is ill (5xx, no capacity, timeout, no connection);
/// a 429 does not, it says that we are too fast.
/// </summary>
internal sealed class EndpointCircuit
{
    private readonly TimeProvider _time;
    private readonly CircuitBreakerStateProvider _state = new();
    private readonly ResiliencePipeline<ModelOutcome> _pipeline;
    private long _openUntil;

    public EndpointCircuit(string pool, LlmOptions options, TimeProvider time, ILogger logger)
    {
        _time = time;
        _pipeline = new ResiliencePipelineBuilder<ModelOutcome> { TimeProvider = time }
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<ModelOutcome>
            {
                FailureRatio = options.CircuitFailureRatio,
                MinimumThroughput = options.CircuitMinimumCalls,
                SamplingDuration = options.CircuitWindow,
                BreakDuration = options.CircuitBreak,
                StateProvider = _state,
                ShouldHandle = args => ValueTask.FromResult(
                    args.Outcome.Result is ModelFailure { Kind: ModelFailureKind.Unavailable or ModelFailureKind.Overloaded }),
                OnOpened = args =>
                {
                    Volatile.Write(ref _openUntil, (time.GetUtcNow() + args.BreakDuration).UtcTicks);
                    logger.CircuitOpened(pool, args.BreakDuration.TotalSeconds, (args.Outcome.Result as ModelFailure)?.Reason);
                    return ValueTask.CompletedTask;
                },
                OnClosed = _ =>
                {
                    logger.CircuitClosed(pool);
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
    }

    public CircuitState State => _state.CircuitState;

    /// <summary>As every circuit of the pipeline shows it: 0 closed, 1 half-open, 2 open, 3 isolated.</summary>
    public int StateNumber => _state.CircuitState switch
    {
        CircuitState.HalfOpen => 1,
        CircuitState.Open => 2,
        CircuitState.Isolated => 3,
        _ => 0,
    };

    /// <summary>How long calls are pointless; null where one would be let through.</summary>
    public TimeSpan? OpenFor =>
        _state.CircuitState == CircuitState.Open && Volatile.Read(ref _openUntil) - _time.GetUtcNow().UtcTicks is > 0 and var ticks ? TimeSpan.FromTicks(ticks) : null;

    public async Task<ModelOutcome> CallAsync(Func<CancellationToken, Task<ModelOutcome>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await _pipeline.ExecuteAsync(static async (call, token) => await call(token), call, cancellationToken);
        }
        catch (BrokenCircuitException)
        {
            return new ModelFailure(ModelFailureKind.CircuitOpen, "The pool's circuit is open after repeated failures.");
        }
    }
}
