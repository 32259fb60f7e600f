using MassTransit;

namespace Pipeline.SagaStore.Outgoing;

/// <summary>A message kept back until the commit.</summary>
/// <param name="Message">As it is stored.</param>
/// <param name="Endpoint">The endpoint it was sent to, which also knows the topology to declare.</param>
/// <param name="SendOriginalAsync">Sends the object itself; the stored body is used, so that it is serialized once.</param>
internal sealed record CapturedMessage(StoredMessage Message, ISendEndpoint Endpoint, Func<IPipe<SendContext>, CancellationToken, Task> SendOriginalAsync)
{
    /// <summary>Of a message that is composed when it is sent: the composed one.</summary>
    public object? Composed { get; set; }

    /// <summary>A message read back from the table.</summary>
    public static CapturedMessage FromTable(StoredMessage message, ISendEndpoint endpoint) =>
        new(message, endpoint, (pipe, cancellationToken) => endpoint.Send(new MassTransit.Serialization.SerializedMessageBody(), pipe, cancellationToken));
}
