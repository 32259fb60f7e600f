using Microsoft.Extensions.Options;
using Pipeline.LlmGateway.Holding;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.Providers;

namespace Pipeline.LlmGateway.Completions;

/// <summary>
/// Which failures are tried again, how often and how late, and when the next pool of the chain takes over. Every attempt is admitted anew, so
/// that retries stay within the limits too.
/// </summary>
internal sealed class RetryPolicy(FallbackChain chain, IOptions<LlmOptions> options, TimeProvider time)
{
    public NextStep Decide(HeldRequest request, ModelPool pool, ModelFailure failure)
    {
        switch (FailureTable.Of(failure.Kind).Request)
        {
            // The domain's pause holds it; a refused call is no failure of the request. Without a status it was not sent: the pause outlasts its deadline.
            case RequestEffect.Hold:
                return failure.Status is not null ? new NextStep.TryAgain(TimeSpan.Zero) : AnotherPool(pool);

            case RequestEffect.Retry:
                return RetryOrAnotherPool(request, pool, failure);

            case RequestEffect.AnotherKey:
                return pool.HasUsableKey ? new NextStep.TryAgain(TimeSpan.Zero) : AnotherPool(pool);

            case RequestEffect.LargerContext:
                return chain.WithLargerContext(pool, TokensOf(request)) is { } larger ? new NextStep.FallBack(larger.Name) : new NextStep.GiveUp();

            // An open circuit is waited out where nobody stands in: held, not rejected, until the deadline.
            case RequestEffect.AnotherPool when failure.Kind == ModelFailureKind.CircuitOpen:
                return chain.After(pool) is { } standIn ? new NextStep.FallBack(standIn.Name) : new NextStep.TryAgain(Delay(1, failure.RetryAfter));

            case RequestEffect.AnotherPool:
                return AnotherPool(pool);

            default:
                return new NextStep.GiveUp();
        }
    }

    /// <summary>True where the request is known to be too long for the pool's model, and a pool down the chain is known to take it.</summary>
    public bool FitsOnlyElsewhere(HeldRequest request, ModelPool pool) =>
        pool.ContextTokens > 0 && TokensOf(request) > pool.ContextTokens && chain.WithLargerContext(pool, TokensOf(request)) is not null;

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

    private NextStep RetryOrAnotherPool(HeldRequest request, ModelPool pool, ModelFailure failure)
    {
        var delay = Delay(request.Failed + 1, failure.RetryAfter);
        var standIn = chain.After(pool);
        var attempts = standIn is null ? options.Value.Attempts : options.Value.AttemptsBeforeFallback;
        request.Failed++;
        return request.Failed < attempts && time.GetUtcNow() + delay < request.Deadline ? new NextStep.TryAgain(delay)
            : standIn is not null ? new NextStep.FallBack(standIn.Name)
            : new NextStep.GiveUp();
    }

    private static long TokensOf(HeldRequest request) => (long)request.PromptTokens + request.MaxOutputTokens;

    private NextStep AnotherPool(ModelPool pool) => chain.After(pool) is { } next ? new NextStep.FallBack(next.Name) : new NextStep.GiveUp();
}
