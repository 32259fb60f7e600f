using MassTransit;

namespace Pipeline.Orchestrator.Ingress;

/// <summary>
/// What the publisher said of its message, but for the message id. That is an idempotency key here, and a second message under it wants an
/// answer; to the store the same id would mean a redelivery, to be ignored.
/// </summary>
internal sealed class SubmissionContext(MessageContext message) : MessageContext
{
    public Guid? MessageId => null;

    public Guid? RequestId => message.RequestId;

    public Guid? CorrelationId => message.CorrelationId;

    public Guid? ConversationId => message.ConversationId;

    public Guid? InitiatorId => message.InitiatorId;

    public DateTime? ExpirationTime => message.ExpirationTime;

    public Uri? SourceAddress => message.SourceAddress;

    public Uri? DestinationAddress => message.DestinationAddress;

    public Uri? ResponseAddress => message.ResponseAddress;

    public Uri? FaultAddress => message.FaultAddress;

    public DateTime? SentTime => message.SentTime;

    public Headers Headers => message.Headers;

    public HostInfo Host => message.Host;
}
