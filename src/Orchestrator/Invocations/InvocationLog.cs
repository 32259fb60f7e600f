using Pipeline.Orchestrator.Agents;

namespace Pipeline.Orchestrator.Invocations;

internal static partial class InvocationLog
{
    [LoggerMessage(EventId = 1001, Level = LogLevel.Debug, Message = "Invocation {InvocationId}: ignored the answer for turn {Turn}; turn {AwaitedTurn} is {State}")]
    public static partial void LateAnswerIgnored(this ILogger logger, Guid invocationId, int turn, int awaitedTurn, string state);

    [LoggerMessage(EventId = 1002, Level = LogLevel.Debug, Message = "Invocation {InvocationId}: ignored the result of call {CallId}; it is not awaited in turn {Turn}")]
    public static partial void LateResultIgnored(this ILogger logger, Guid invocationId, string callId, int turn);

    [LoggerMessage(EventId = 1003, Level = LogLevel.Warning, Message = "Invocation {InvocationId}: tenant {Tenant} used idempotency key {IdempotencyKey} again with another body; refused")]
    public static partial void IdempotencyConflict(this ILogger logger, Guid invocationId, string tenant, string? idempotencyKey);

    [LoggerMessage(EventId = 1004, Level = LogLevel.Information, Message = "Deleted {Count} invocations that ended before {Before}")]
    public static partial void RetentionDeleted(this ILogger logger, int count, DateTime before);

    [LoggerMessage(EventId = 1005, Level = LogLevel.Warning, Message = "Retention failed; the next round follows")]
    public static partial void RetentionFailed(this ILogger logger, Exception exception);

    [LoggerMessage(EventId = 1006, Level = LogLevel.Information, Message = "{Count} invocations were open when the last process ended; they ask again for what they awaited")]
    public static partial void Resumed(this ILogger logger, int count);

    [LoggerMessage(EventId = 1007, Level = LogLevel.Information, Message = "Invocation {InvocationId}: the join of turn {Turn} by the rule '{Rule}' is decided; {Count} calls are not awaited any longer")]
    public static partial void JoinEnded(this ILogger logger, Guid invocationId, int turn, JoinRule rule, int count);
}
