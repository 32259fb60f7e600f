namespace Pipeline.Orchestrator.Http;

internal static partial class HttpLog
{
    [LoggerMessage(EventId = 1201, Level = LogLevel.Error, Message = "{Method} {Path} failed ({TraceId})")]
    public static partial void RequestFailed(this ILogger logger, string method, string path, string traceId, Exception exception);

    [LoggerMessage(EventId = 1202, Level = LogLevel.Warning, Message = "{Method} {Path}: the database did not answer")]
    public static partial void DatabaseUnavailable(this ILogger logger, string method, string path, Exception exception);

    [LoggerMessage(EventId = 1203, Level = LogLevel.Warning, Message = "Invocation {InvocationId}: submission of tenant {Tenant} for agent {Agent} got no answer from the bus within {Limit}; its caller was told to repeat it")]
    public static partial void AdmissionUnanswered(this ILogger logger, Guid invocationId, string tenant, string agent, TimeSpan limit, Exception exception);

    [LoggerMessage(EventId = 1204, Level = LogLevel.Warning, Message = "Invocation {InvocationId}: the bus did not confirm the cancellation within {Limit}; its caller was told to repeat it")]
    public static partial void CancelUnconfirmed(this ILogger logger, Guid invocationId, TimeSpan limit, Exception exception);

    [LoggerMessage(EventId = 1205, Level = LogLevel.Information, Message = "Invocation {InvocationId}: submission over HTTP refused with {Code}: {Reason}")]
    public static partial void SubmissionRefused(this ILogger logger, Guid invocationId, string code, string reason);

    [LoggerMessage(EventId = 1206, Level = LogLevel.Warning, Message = "Invocation {InvocationId}: a reader of its stream did not take {Bytes} bytes within {Limit}; the connection is cut")]
    public static partial void StreamReaderSlow(this ILogger logger, Guid invocationId, long bytes, TimeSpan limit);

    [LoggerMessage(EventId = 1207, Level = LogLevel.Warning, Message = "Streams could not be told what other replicas did; they are told with the next look")]
    public static partial void StreamPollFailed(this ILogger logger, Exception exception);

    [LoggerMessage(EventId = 1208, Level = LogLevel.Information, Message = "Invocation {InvocationId}: {Method} refused with {Code}")]
    public static partial void StreamRefused(this ILogger logger, Guid invocationId, string method, string code);
}
