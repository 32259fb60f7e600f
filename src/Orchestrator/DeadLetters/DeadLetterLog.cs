namespace Pipeline.Orchestrator.DeadLetters;

internal static partial class DeadLetterLog
{
    [LoggerMessage(EventId = 1301, Level = LogLevel.Warning, Message = "Dead letter {Id} of invocation {InvocationId} from {Queue}: {Code}. {Reason}")]
    public static partial void Kept(this ILogger logger, long id, Guid? invocationId, string queue, string code, string? reason);

    [LoggerMessage(EventId = 1302, Level = LogLevel.Warning, Message = "Dead letters are not collected for now; the broker keeps them, the next look is in {Interval}")]
    public static partial void CollectingFailed(this ILogger logger, TimeSpan interval, Exception exception);

    [LoggerMessage(EventId = 1303, Level = LogLevel.Error, Message = "{Kept} dead letters wait for a decision, as many as DeadLetters:MaxKept allows. No more are collected until some are replayed or discarded; the broker keeps them")]
    public static partial void Full(this ILogger logger, int kept);

    [LoggerMessage(EventId = 1304, Level = LogLevel.Information, Message = "Dead letter {Id} of invocation {InvocationId} was sent to {Queue} again by {Who} under message id {MessageId}")]
    public static partial void Replayed(this ILogger logger, long id, Guid? invocationId, string queue, string? who, string? messageId);

    [LoggerMessage(EventId = 1305, Level = LogLevel.Warning, Message = "Dead letter {Id} could not be sent to {Queue} again")]
    public static partial void ReplayFailed(this ILogger logger, long id, string? queue, Exception exception);

    [LoggerMessage(EventId = 1306, Level = LogLevel.Information, Message = "{Count} dead letters were discarded by {Who}: {Reason}")]
    public static partial void Discarded(this ILogger logger, int count, string? who, string? reason);

    [LoggerMessage(EventId = 1307, Level = LogLevel.Information, Message = "Replay {Replay} is {State}: {Replayed} sent, {Failed} failed")]
    public static partial void ReplayEnded(this ILogger logger, Guid replay, string state, int replayed, int failed);

    [LoggerMessage(EventId = 1308, Level = LogLevel.Warning, Message = "Work on replays failed; the next round follows")]
    public static partial void ReplayRoundFailed(this ILogger logger, Exception exception);

    [LoggerMessage(EventId = 1309, Level = LogLevel.Warning, Message = "Old dead letters could not be deleted; the next round follows")]
    public static partial void RetentionFailed(this ILogger logger, Exception exception);
}
