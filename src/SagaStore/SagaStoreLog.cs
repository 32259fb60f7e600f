using Microsoft.Extensions.Logging;

namespace Pipeline.SagaStore;

internal static partial class SagaStoreLog
{
    [LoggerMessage(EventId = 6001, Level = LogLevel.Debug, Message = "{Saga} {SagaId}: message {MessageId} was consumed before; not consumed again")]
    public static partial void DuplicateIgnored(this ILogger logger, string saga, Guid sagaId, Guid messageId);

    [LoggerMessage(EventId = 6002, Level = LogLevel.Debug, Message = "{Saga}: another writer was first; attempt {Attempt} at message {MessageId}")]
    public static partial void ConflictRetried(this ILogger logger, string saga, Guid? messageId, int attempt);

    [LoggerMessage(EventId = 6003, Level = LogLevel.Warning, Message = "{Saga}: the database does not answer; attempt {Attempt} at message {MessageId}, next in {Delay}")]
    public static partial void OutageRetried(this ILogger logger, string saga, Guid? messageId, int attempt, TimeSpan delay, Exception exception);

    [LoggerMessage(EventId = 6004, Level = LogLevel.Warning, Message = "{Saga} {SagaId}: {Count} committed messages are not confirmed; the sweeper will send them again")]
    public static partial void LeftToSweeper(this ILogger logger, string saga, Guid sagaId, int count, Exception exception);

    [LoggerMessage(EventId = 6005, Level = LogLevel.Information, Message = "{Saga} {SagaId}: sent {Count} committed messages again, attempt {Attempt}")]
    public static partial void SentAgain(this ILogger logger, string saga, Guid sagaId, int count, int attempt);

    [LoggerMessage(EventId = 6006, Level = LogLevel.Warning, Message = "{Saga} {SagaId}: committed messages could not be sent, attempt {Attempt}")]
    public static partial void SendFailed(this ILogger logger, string saga, Guid sagaId, int attempt, Exception exception);

    [LoggerMessage(EventId = 6007, Level = LogLevel.Error, Message = "{Saga} {SagaId}: batch {Batch} is parked after {Attempts} attempts; see LastError in its row, mend the cause, then re-drive it (SagaOutgoing.RedriveAsync)")]
    public static partial void Parked(this ILogger logger, string saga, Guid sagaId, Guid batch, int attempts, Exception exception);

    [LoggerMessage(EventId = 6008, Level = LogLevel.Warning, Message = "Sweep of {DbContext} failed; the next one follows")]
    public static partial void SweepFailed(this ILogger logger, string dbContext, Exception exception);

    [LoggerMessage(EventId = 6009, Level = LogLevel.Warning, Message = "{Count} confirmed batches could not be removed; the sweeper will find them")]
    public static partial void RemovalFailed(this ILogger logger, int count, Exception exception);
}
