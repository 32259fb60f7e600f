using MassTransit;
using MassTransit.Metadata;
using MassTransit.Middleware;
using MassTransit.Serialization;

namespace Pipeline.Benchmarks.Store;

/// <summary>An <see cref="OutboxRow"/> as MassTransit's own sending pipe wants it.</summary>
internal sealed class StoredOutboxMessage(OutboxRow row) : OutboxMessageContext
{
    private static readonly HostInfo Nobody = new BusHostInfo();

    public long SequenceNumber => row.SequenceNumber;

    public Guid MessageId => row.MessageId;

    Guid? MessageContext.MessageId => row.MessageId;

    public Guid? RequestId => null;

    public Guid? CorrelationId => row.CorrelationId;

    public Guid? ConversationId => row.ConversationId;

    public Guid? InitiatorId => row.InitiatorId;

    public DateTime? ExpirationTime => row.ExpirationTime;

    public Uri? SourceAddress => row.SourceAddress is null ? null : new Uri(row.SourceAddress);

    public Uri? DestinationAddress => new(row.DestinationAddress);

    public Uri? ResponseAddress => null;

    public Uri? FaultAddress => null;

    public DateTime? SentTime => row.SentTime;

    public Headers Headers => EmptyHeaders.Instance;

    public HostInfo Host => Nobody;

    public string ContentType => row.ContentType;

    public string MessageType => row.MessageType;

    public string Body => row.Body;

    public IReadOnlyDictionary<string, object> Properties { get; } = new Dictionary<string, object>();
}
