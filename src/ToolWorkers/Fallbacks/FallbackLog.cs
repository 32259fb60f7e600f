namespace Pipeline.ToolWorkers.Fallbacks;

internal static partial class FallbackLog
{
    [LoggerMessage(EventId = 2401, Level = LogLevel.Warning, Message = "Tool {Tool}: last good results could not be stored; the ones in memory remain")]
    public static partial void LastGoodNotStored(this ILogger logger, Exception exception, string tool);

    [LoggerMessage(EventId = 2402, Level = LogLevel.Warning, Message = "A last good result could not be read within {Timeout}; what the manifest declares for that case answers")]
    public static partial void LastGoodNotRead(this ILogger logger, Exception exception, TimeSpan timeout);

    [LoggerMessage(EventId = 2403, Level = LogLevel.Error, Message = "Tool {Tool}: call {CallId} of invocation {InvocationId}: nobody serves the other tool '{Other}'; what the manifest declares for that case answers. Start a worker that serves it, or declare another fallback")]
    public static partial void StandInUnserved(this ILogger logger, Exception? exception, string tool, string callId, Guid invocationId, string other);
}
