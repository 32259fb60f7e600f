namespace Pipeline.ToolWorkers.Mcp;

internal static partial class McpLog
{
    [LoggerMessage(EventId = 2301, Level = LogLevel.Information, Message = "MCP server {Server}: connected, {Count} tools")]
    public static partial void Connected(this ILogger logger, string server, int count);

    [LoggerMessage(EventId = 2302, Level = LogLevel.Warning, Message = "MCP server {Server}: could not be started: {Reason}")]
    public static partial void ConnectFailed(this ILogger logger, string server, string reason);

    [LoggerMessage(EventId = 2303, Level = LogLevel.Warning, Message = "MCP server {Server}: the session is over: {Reason}")]
    public static partial void Disconnected(this ILogger logger, string server, string reason);

    [LoggerMessage(EventId = 2304, Level = LogLevel.Error, Message = "Tool {Tool}: call {CallId} of invocation {InvocationId} was not sent. {Reason}")]
    public static partial void ToolRefused(this ILogger logger, string tool, string callId, Guid invocationId, string reason);

    [LoggerMessage(EventId = 2305, Level = LogLevel.Debug, Message = "MCP server {Server} says: {Line}")]
    public static partial void ServerSaid(this ILogger logger, string server, string line);

    [LoggerMessage(EventId = 2306, Level = LogLevel.Debug, Message = "MCP server {Server}: ending the session failed")]
    public static partial void EndFailed(this ILogger logger, Exception exception, string server);

    [LoggerMessage(EventId = 2307, Level = LogLevel.Warning, Message = "MCP server {Server}: that a call is cancelled could not be sent")]
    public static partial void CancellationNotSent(this ILogger logger, Exception exception, string server);
}
