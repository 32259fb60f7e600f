using Microsoft.Extensions.Options;
using Pipeline.Contracts.Completions;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.Providers;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Completions;

/// <summary>
/// Brings one request to an answer within its deadline: waits for the pool's limits, calls, obeys throttling, retries what may pass,
/// and goes down the chain of fallback pools when a pool cannot answer. Every attempt is admitted anew, so that retries stay within the limits too.
/// </summary>
internal sealed class CompletionRunner(
    ModelPoolCatalog pools,
    IOptions<LlmOptions> options,
    CompletionMetrics metrics,
    TimeProvider time,
    ILogger<CompletionRunner> logger)
{
    /// <returns>The last outcome and the pool it came from.</returns>
    public async Task<(ModelOutcome Outcome, ModelPool Pool)> RunAsync(ModelPool pool, RequestCompletion request, EffortCount effort, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var holdsUntil = now + options.Value.LongestHold;
        var deadline = request.Deadline < holdsUntil ? request.Deadline : holdsUntil;
        if (deadline <= now)
        {
            return (Expired(request), pool);
        }

        using var expiry = new CancellationTokenSource(deadline - now, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, expiry.Token);
        try
        {
            return await AskChainAsync(pool, request, effort, deadline, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (deadline < request.Deadline ? HeldTooLong() : Expired(request), pool);
        }
    }

    private async Task<(ModelOutcome Outcome, ModelPool Pool)> AskChainAsync(
        ModelPool pool, RequestCompletion request, EffortCount effort, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        while (true)
        {
            var outcome = await AskPoolAsync(pool, request, effort, deadline, cancellationToken);
            if (outcome is not ModelFailure failure || !AnotherPoolCanHelp(failure.Kind) || pool.Fallback is null || pools.Find(pool.Fallback) is not { } next)
            {
                return (outcome, pool);
            }

            logger.FellBack(request.InvocationId, request.Turn, pool.Name, next.Name, failure.Reason);
            effort.FellBack(pool.Name, failure.Reason);
            pool = next;
        }
    }

    private async Task<ModelOutcome> AskPoolAsync(ModelPool pool, RequestCompletion request, EffortCount effort, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        var estimate = pool.Estimate.Of(request);
        if (pool.Gate.TokensPerMinute > 0 && estimate > pool.Gate.TokensPerMinute)
        {
            return new ModelFailure(
                ModelFailureKind.TooLarge,
                $"The request is estimated at {estimate} tokens, above the pool's {pool.Gate.TokensPerMinute} a minute. Shorten the conversation or lower its output tokens.");
        }

        var attempts = pool.Fallback is null ? options.Value.Attempts : options.Value.AttemptsBeforeFallback;
        for (var (attempt, throttled) = (1, 1); ;)
        {
            var outcome = await AttemptAsync(pool, request, effort, estimate, throttled, deadline, cancellationToken);
            if (outcome is not ModelFailure failure)
            {
                return outcome;
            }

            switch (failure.Kind)
            {
                case ModelFailureKind.Throttled or ModelFailureKind.SlowDown when failure.Status is not null:
                    throttled++;
                    effort.Throttled();
                    continue;

                case ModelFailureKind.KeyRefused or ModelFailureKind.QuotaExhausted when pool.HasUsableKey:
                    continue;

                case ModelFailureKind.CircuitOpen when pool.Fallback is not null:
                    return failure;

                case ModelFailureKind.Overloaded or ModelFailureKind.Unavailable or ModelFailureKind.Unreachable or ModelFailureKind.CircuitOpen:
                    var delay = Delay(attempt, failure.RetryAfter);
                    if (attempt++ >= attempts || time.GetUtcNow() + delay >= deadline)
                    {
                        return failure;
                    }

                    logger.AttemptFailed(request.InvocationId, request.Turn, pool.Name, failure.Kind, delay.TotalMilliseconds, failure.Reason);
                    effort.Delayed(delay);
                    await Task.Delay(delay, time, cancellationToken);
                    continue;

                default:
                    return failure;
            }
        }
    }

    private async Task<ModelOutcome> AttemptAsync(
        ModelPool pool, RequestCompletion request, EffortCount effort, long estimate, int throttled, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        // Asked before the gate: an open circuit must not use up tokens, nor let requests queue for nothing.
        if (pool.Circuit.OpenFor is { } openFor)
        {
            effort.CircuitOpen();
            return new ModelFailure(ModelFailureKind.CircuitOpen, "The pool's circuit is open after repeated failures.") { RetryAfter = openFor };
        }

        var started = time.GetTimestamp();
        using var lease = await EnterAsync(pool, effort, estimate, deadline, cancellationToken);
        if (lease is null)
        {
            return new ModelFailure(ModelFailureKind.Throttled, "The provider asked to wait beyond the request's deadline.");
        }

        metrics.Admitted(pool.Name, time.GetElapsedTime(started));
        CrashPoint.Reach(CrashPoint.BeforeCall);
        started = time.GetTimestamp();
        if (pool.Keys.Select(x => (Ring: x, Key: x.Choose())).FirstOrDefault(x => x.Key is not null) is not { Key: { } key } chosen)
        {
            lease.NotSent();
            return new ModelFailure(ModelFailureKind.CredentialsExhausted, $"No key of pool '{pool.Name}' is usable: all were refused, or their money is spent.");
        }

        var outcome = await pool.Circuit.CallAsync(token => pool.Endpoint.CompleteAsync(request, key, token), cancellationToken);
        chosen.Ring.Report(key, outcome);
        if (outcome is ModelFailure { Kind: ModelFailureKind.CircuitOpen })
        {
            effort.CircuitOpen();
        }
        else
        {
            effort.Called(time.GetElapsedTime(started));
        }

        CrashPoint.Reach(CrashPoint.AfterCall);
        switch (outcome)
        {
            case ModelAnswer answer:
                lease.Settle(pool.Estimate.Settled(estimate, answer.ChargedTokens));
                break;

            case ModelFailure { Kind: ModelFailureKind.CircuitOpen }:
                lease.NotSent();
                break;

            case ModelFailure { Kind: ModelFailureKind.Throttled or ModelFailureKind.SlowDown } failure:
                // Before the lease is given back: else the next in line would slip through.
                Throttle(pool, request, failure, throttled);
                break;
        }

        return outcome;
    }

    private async Task<AdmissionLease?> EnterAsync(ModelPool pool, EffortCount effort, long estimate, DateTimeOffset deadline, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        try
        {
            return await pool.Gate.EnterAsync(estimate, deadline, cancellationToken);
        }
        finally
        {
            // Also where the deadline ended the wait: that is when somebody asks what it waited for.
            effort.Held(time.GetElapsedTime(started));
        }
    }

    private void Throttle(ModelPool pool, RequestCompletion request, ModelFailure failure, int times)
    {
        var pause = Delay(times, failure.RetryAfter);
        pool.Gate.PauseFor(pause);
        logger.PoolThrottled(request.InvocationId, request.Turn, pool.Name, pause.TotalMilliseconds, failure.Reason);
    }

    /// <summary>
    /// Exponential with jitter (the upper half is random), or a little more than the provider asked for: never less, and not all at the same instant.
    /// </summary>
    private TimeSpan Delay(int attempt, TimeSpan? retryAfter)
    {
        var settings = options.Value;
        var doubled = settings.RetryDelay * Math.Pow(2, Math.Min(attempt - 1, 30));
        var backOff = (doubled < settings.LongestRetryDelay ? doubled : settings.LongestRetryDelay) * (0.5 + (Random.Shared.NextDouble() / 2));
        return retryAfter is { } asked ? asked + (backOff * 0.25) : backOff;
    }

    private static bool AnotherPoolCanHelp(ModelFailureKind kind) =>
        kind is ModelFailureKind.Unavailable or ModelFailureKind.Overloaded or ModelFailureKind.Unreachable or ModelFailureKind.CircuitOpen or ModelFailureKind.CredentialsExhausted or ModelFailureKind.KeyRefused or ModelFailureKind.QuotaExhausted or ModelFailureKind.Throttled or ModelFailureKind.SlowDown;

    private static ModelFailure Expired(RequestCompletion request) =>
        new(ModelFailureKind.DeadlineExceeded, $"The deadline '{request.Deadline:O}' passed before a model answered.");

    private ModelFailure HeldTooLong() =>
        new(ModelFailureKind.Unavailable, $"No model answered within the longest hold of {options.Value.LongestHold.TotalMinutes:0.#} minutes (Llm:LongestHold).");
}
