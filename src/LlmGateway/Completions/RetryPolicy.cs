using Microsoft.Extensions.Options;
using Pipeline.LlmGateway.Holding;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.Providers;

namespace Pipeline.LlmGateway.Completions;

/// <summary>
/// Which failures are tried again, how often and how late, and when the next pool of the chain takes over. Every attempt is admitted anew, so
/// that retries stay within the limits too.
/// </summary>
internal sealed class RetryPolicy(ModelPoolCatalog pools, IOptions<LlmOptions> options, TimeProvider time)
{
    public NextStep Decide(HeldRequest request, ModelPool pool, ModelFailure failure)
    {
        switch (failure.Kind)
        {
            case ModelFailureKind.Throttled or ModelFailureKind.SlowDown when failure.Status is not null:
                // The domain's pause holds it; a refused call is no failure of the request.
                return new NextStep.TryAgain(TimeSpan.Zero);

            case ModelFailureKind.CircuitOpen when pool.Fallback is not null:
                return AnotherPool(pool);

            case ModelFailureKind.Overloaded or ModelFailureKind.Unavailable or ModelFailureKind.CircuitOpen:
                var delay = Delay(request.Failed + 1, failure.RetryAfter);
                var attempts = pool.Fallback is null ? options.Value.Attempts : options.Value.AttemptsBeforeFallback;
                request.Failed++;
                return request.Failed >= attempts || time.GetUtcNow() + delay >= request.Deadline ? AnotherPool(pool) : new NextStep.TryAgain(delay);

            case ModelFailureKind.Throttled or ModelFailureKind.SlowDown:
                return AnotherPool(pool);

            default:
                return new NextStep.GiveUp();
        }
    }

    /// <summary>
    /// Exponential with jitter (the upper half is random), or a little more than the provider asked for: never less, and not all at the same instant.
    /// </summary>
    public TimeSpan Delay(int attempt, TimeSpan? retryAfter)
    {
        var settings = options.Value;
        var doubled = settings.RetryDelay * Math.Pow(2, Math.Min(attempt - 1, 30));
        var backOff = (doubled < settings.LongestRetryDelay ? doubled : settings.LongestRetryDelay) * (0.5 + (Random.Shared.NextDouble() / 2));
        return retryAfter is { } asked ? asked + (backOff * 0.25) : backOff;
    }

    /// <summary>Until when a request may wait: its deadline, or the longest hold.</summary>
    public DateTimeOffset HoldsUntil(DateTimeOffset enqueuedAt, DateTimeOffset deadline)
    {
        var longest = enqueuedAt + options.Value.LongestHold;
        return deadline < longest ? deadline : longest;
    }

    /// <summary>The failure of a request that waited in vain.</summary>
    public ModelFailure Expired(HeldRequest request) => request.Deadline < request.EnqueuedAt + options.Value.LongestHold
        ? new ModelFailure(ModelFailureKind.DeadlineExceeded, $"The deadline '{request.Deadline:O}' passed before a model answered.")
        : new ModelFailure(ModelFailureKind.Unavailable, $"No model answered within the longest hold of {options.Value.LongestHold.TotalMinutes:0.#} minutes (Llm:LongestHold).");

    private NextStep AnotherPool(ModelPool pool) =>
        pool.Fallback is not null && pools.Find(pool.Fallback) is { } next ? new NextStep.FallBack(next.Name) : new NextStep.GiveUp();
}
