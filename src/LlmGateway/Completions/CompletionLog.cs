using Pipeline.LlmGateway.Providers;

namespace Pipeline.LlmGateway.Completions;

internal static partial class CompletionLog
{
    [LoggerMessage(EventId = 3001, Level = LogLevel.Debug,
        Message = "Invocation {InvocationId} turn {Turn}: pool {Pool} answered with {InputTokens} + {OutputTokens} tokens")]
    public static partial void CompletionAnswered(this ILogger logger, Guid invocationId, int turn, string pool, int inputTokens, int outputTokens);

    [LoggerMessage(EventId = 3002, Level = LogLevel.Warning,
        Message = "Invocation {InvocationId} turn {Turn}: no completion, {Code}: {Reason}")]
    public static partial void CompletionRefused(this ILogger logger, Guid invocationId, int turn, string code, string reason);

    [LoggerMessage(EventId = 3003, Level = LogLevel.Information,
        Message = "Invocation {InvocationId} turn {Turn}: pool {Pool} failed ({Kind}), next attempt in {DelayMs} ms: {Reason}")]
    public static partial void AttemptFailed(this ILogger logger, Guid invocationId, int turn, string pool, ModelFailureKind kind, double delayMs, string reason);

    [LoggerMessage(EventId = 3004, Level = LogLevel.Warning,
        Message = "Invocation {InvocationId} turn {Turn}: pool {Pool} is throttled, it pauses for {DelayMs} ms: {Reason}")]
    public static partial void PoolThrottled(this ILogger logger, Guid invocationId, int turn, string pool, double delayMs, string reason);

    [LoggerMessage(EventId = 3005, Level = LogLevel.Warning,
        Message = "Invocation {InvocationId} turn {Turn}: pool {Pool} cannot answer, pool {Fallback} stands in: {Reason}")]
    public static partial void FellBack(this ILogger logger, Guid invocationId, int turn, string pool, string fallback, string reason);

    [LoggerMessage(EventId = 3006, Level = LogLevel.Error,
        Message = "Invocation {InvocationId} turn {Turn}: the gateway itself failed; the invocation is told that no model is available")]
    public static partial void GatewayFailed(this ILogger logger, Exception exception, Guid invocationId, int turn);

    [LoggerMessage(EventId = 3007, Level = LogLevel.Warning,
        Message = "Invocation {InvocationId} turn {Turn}: the broker did not confirm the answer within {LimitMs} ms (attempt {Attempt} of {Attempts})")]
    public static partial void AnswerUnconfirmed(this ILogger logger, Exception? exception, Guid invocationId, int turn, double limitMs, int attempt, int attempts);

    [LoggerMessage(EventId = 3111, Level = LogLevel.Warning,
        Message = "Invocation {InvocationId} turn {Turn}: the answer is stored and waits for the broker; sent again every {SweepSeconds} s")]
    public static partial void AnswerWaits(this ILogger logger, Guid invocationId, int turn, double sweepSeconds);

    [LoggerMessage(EventId = 3112, Level = LogLevel.Information,
        Message = "Invocation {InvocationId} turn {Turn}: an answer that was stored and not confirmed is sent")]
    public static partial void AnswerSwept(this ILogger logger, Guid invocationId, int turn);

    [LoggerMessage(EventId = 3113, Level = LogLevel.Warning,
        Message = "Group {Group}: unconfirmed answers could not be looked for, tried again in {SweepSeconds} s")]
    public static partial void SweepFailed(this ILogger logger, Exception exception, string group, double sweepSeconds);

    [LoggerMessage(EventId = 3114, Level = LogLevel.Error,
        Message = "Invocation {InvocationId} turn {Turn}: its stored request is gone, nothing was sent. Somebody else changed the table completions")]
    public static partial void RequestGone(this ILogger logger, Guid invocationId, int turn);

    [LoggerMessage(EventId = 3115, Level = LogLevel.Warning,
        Message = "Invocation {InvocationId} turn {Turn}: more than {LimitSeconds} s passed after it was written down, so it was not sent; it is written down again")]
    public static partial void StartedLate(this ILogger logger, Guid invocationId, int turn, double limitSeconds);

    [LoggerMessage(EventId = 3116, Level = LogLevel.Debug,
        Message = "Invocation {InvocationId} turn {Turn}: asked for before, now {State}; it is not asked again")]
    public static partial void AskedBefore(this ILogger logger, Guid invocationId, int turn, CompletionState state);

    [LoggerMessage(EventId = 3117, Level = LogLevel.Warning,
        Message = "Old completions or calls could not be deleted, tried again in {IntervalSeconds} s")]
    public static partial void CleanupFailed(this ILogger logger, Exception exception, double intervalSeconds);

    [LoggerMessage(EventId = 3118, Level = LogLevel.Debug,
        Message = "Pool {Pool}: how much waits for it could not be published")]
    public static partial void PressureNotPublished(this ILogger logger, Exception exception, string pool);

    [LoggerMessage(EventId = 3010, Level = LogLevel.Error,
        Message = "Pool {Pool}: circuit opened for {BreakSeconds} s: {Reason}")]
    public static partial void CircuitOpened(this ILogger logger, string pool, double breakSeconds, string? reason);

    [LoggerMessage(EventId = 3011, Level = LogLevel.Information,
        Message = "Pool {Pool}: circuit closed, calls come back over {RampSeconds} s")]
    public static partial void CircuitClosed(this ILogger logger, string pool, int rampSeconds);
}
