namespace Pipeline.Benchmarks.Store;

/// <summary>An outgoing message, of the variant with tables of its own.</summary>
internal sealed class OutboxRow
{
    public long SequenceNumber { get; set; }

    public Guid? InboxMessageId { get; set; }

    public Guid? InboxConsumerId { get; set; }

    public Guid? OutboxId { get; set; }

    public DateTime? EnqueueTime { get; set; }

    public DateTime SentTime { get; set; }

    public DateTime? ExpirationTime { get; set; }

    public Guid MessageId { get; set; }

    public Guid? ConversationId { get; set; }

    public Guid? CorrelationId { get; set; }

    public Guid? InitiatorId { get; set; }

    public string ContentType { get; set; } = null!;

    public string MessageType { get; set; } = null!;

    public string Body { get; set; } = null!;

    public string? SourceAddress { get; set; }

    public string DestinationAddress { get; set; } = null!;
}
