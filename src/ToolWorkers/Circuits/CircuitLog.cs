namespace Pipeline.ToolWorkers.Circuits;

internal static partial class CircuitLog
{
    [LoggerMessage(EventId = 2101, Level = LogLevel.Warning, Message = "Tool {Tool}: the circuit is {State}. {Reason}")]
    public static partial void CircuitChanged(this ILogger logger, string tool, string state, string? reason);

    [LoggerMessage(EventId = 2102, Level = LogLevel.Warning, Message = "Tool {Tool}: that the circuit is {State} could not be published")]
    public static partial void AnnouncementFailed(this ILogger logger, Exception exception, string tool, string state);

    [LoggerMessage(EventId = 2103, Level = LogLevel.Information, Message = "Tool {Tool}: the call {CallId}, given up on at its time limit, ended as {Status}")]
    public static partial void AbandonedCallEnded(this ILogger logger, Exception? exception, string tool, string callId, TaskStatus status);

    [LoggerMessage(EventId = 2104, Level = LogLevel.Warning, Message = "Tool {Tool}: that the circuit is {State} could not be agreed with the other worker processes, the database did not answer; this process goes on with its own circuit")]
    public static partial void CircuitStoreUnavailable(this ILogger logger, Exception exception, string tool, string state);

    [LoggerMessage(EventId = 2105, Level = LogLevel.Warning, Message = "Tool {Tool}: an operator made the circuit {State}: {Reason}")]
    public static partial void OperatorChanged(this ILogger logger, string tool, string state, string? reason);

    [LoggerMessage(EventId = 2106, Level = LogLevel.Warning, Message = "Tool {Tool}: the call {CallId} of invocation {InvocationId} was slow when the circuit was open; the fallback answers without waiting for it")]
    public static partial void CutOff(this ILogger logger, string tool, string callId, Guid invocationId);
}
