namespace Pipeline.ToolWorkers.Calls;

internal static partial class ToolCallLog
{
    [LoggerMessage(EventId = 2001, Level = LogLevel.Debug, Message = "Tool {Tool}: call {CallId} of invocation {InvocationId} answered: {Outcome} (repeated: {Repeated}, ran {DurationMs} ms)")]
    public static partial void Answered(this ILogger logger, string tool, string callId, Guid invocationId, string outcome, bool repeated, double durationMs);

    [LoggerMessage(EventId = 2002, Level = LogLevel.Warning, Message = "Tool {Tool}: call {CallId} threw")]
    public static partial void Threw(this ILogger logger, Exception? exception, string tool, string callId);

    [LoggerMessage(EventId = 2003, Level = LogLevel.Warning, Message = "Tool {Tool}: call {CallId} did not answer within {Timeout} and was cancelled")]
    public static partial void TimedOut(this ILogger logger, string tool, string callId, TimeSpan timeout);

    [LoggerMessage(EventId = 2004, Level = LogLevel.Error, Message = "Tool {Tool}: call {CallId} was not run, {Abandoned} earlier calls ignore their cancellation; the fallback answers")]
    public static partial void TooManyAbandoned(this ILogger logger, string tool, string callId, int abandoned);

    [LoggerMessage(EventId = 2005, Level = LogLevel.Error, Message = "Tool {Tool}: call {CallId}, begun at {StartedAt} by {StartedBy}, has no recorded outcome; it is reported as unknown and not repeated")]
    public static partial void OutcomeUnknown(this ILogger logger, string tool, string callId, DateTimeOffset startedAt, string startedBy);

    [LoggerMessage(EventId = 2006, Level = LogLevel.Warning, Message = "A message of {Queue} goes back to its queue (delivery {Deliveries} of {MaxDeliveries})")]
    public static partial void DeliveredAgain(this ILogger logger, Exception exception, Uri queue, int deliveries, int maxDeliveries);

    [LoggerMessage(EventId = 2007, Level = LogLevel.Warning, Message = "Old call records could not be deleted; tried again in {Interval}")]
    public static partial void CleanupFailed(this ILogger logger, Exception exception, TimeSpan interval);

    [LoggerMessage(EventId = 2701, Level = LogLevel.Warning, Message = "Tool {Tool}: call {CallId} of invocation {InvocationId} is held until the database answers again, {Patience} at most; it has not been recorded")]
    public static partial void HeldForDatabase(this ILogger logger, string tool, string callId, Guid invocationId, TimeSpan patience);
}
