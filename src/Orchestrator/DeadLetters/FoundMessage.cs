namespace Pipeline.Orchestrator.DeadLetters;

/// <summary>A message as it lay in a queue of dead letters.</summary>
/// <param name="SourceQueue">That queue.</param>
/// <param name="MessageId">AMQP <c>message_id</c>, whatever it is.</param>
/// <param name="ContentType">AMQP <c>content_type</c>.</param>
/// <param name="CorrelationId">AMQP <c>correlation_id</c>.</param>
/// <param name="ReplyTo">AMQP <c>reply_to</c>.</param>
/// <param name="Timestamp">AMQP <c>timestamp</c>, seconds since 1970; 0 where there is none.</param>
/// <param name="Headers">AMQP headers; whatever types a client could send.</param>
/// <param name="Body">The bytes.</param>
internal sealed record FoundMessage(
    string SourceQueue, string? MessageId, string? ContentType, string? CorrelationId, string? ReplyTo, long Timestamp, IReadOnlyDictionary<string, object?> Headers, byte[] Body);
