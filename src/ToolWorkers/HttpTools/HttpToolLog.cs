namespace Pipeline.ToolWorkers.HttpTools;

internal static partial class HttpToolLog
{
    [LoggerMessage(EventId = 2201, Level = LogLevel.Error, Message = "Tool {Tool}: call {CallId} of invocation {InvocationId} was not sent. {Reason}")]
    public static partial void AddressRefused(this ILogger logger, string tool, string callId, Guid invocationId, string reason);
}
