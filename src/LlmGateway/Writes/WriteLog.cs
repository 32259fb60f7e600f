namespace Pipeline.LlmGateway.Writes;

internal static partial class WriteLog
{
    [LoggerMessage(EventId = 3101, Level = LogLevel.Warning,
        Message = "Group {Group}: the database did not take a batch of {Writes} writes (attempt {Attempt}), asked again in {PauseMs} ms")]
    public static partial void BatchFailed(this ILogger logger, Exception exception, string group, int writes, int attempt, double pauseMs);

    [LoggerMessage(EventId = 3102, Level = LogLevel.Warning,
        Message = "Group {Group}: one of a batch of {Writes} writes was refused; each is tried alone")]
    public static partial void BatchDivided(this ILogger logger, Exception exception, string group, int writes);

    [LoggerMessage(EventId = 3103, Level = LogLevel.Error,
        Message = "Group {Group}: the database refuses a {Write} for good")]
    public static partial void WriteRefused(this ILogger logger, Exception exception, string group, string write);
}
