namespace Pipeline.ToolWorkers.Circuits;

internal static partial class CircuitLog
{
    [LoggerMessage(EventId = 2101, Level = LogLevel.Warning, Message = "Tool {Tool}: the circuit is {State}. {Reason}")]
    public static partial void CircuitChanged(this ILogger logger, string tool, string state, string? reason);

    [LoggerMessage(EventId = 2102, Level = LogLevel.Warning, Message = "Tool {Tool}: that the circuit is {State} could not be published")]
    public static partial void AnnouncementFailed(this ILogger logger, Exception exception, string tool, string state);

    [LoggerMessage(EventId = 2103, Level = LogLevel.Information, Message = "Tool {Tool}: the call {CallId}, given up on at its time limit, ended as {Status}")]
    public static partial void AbandonedCallEnded(this ILogger logger, Exception? exception, string tool, string callId, TaskStatus status);
}
