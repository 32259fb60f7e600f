namespace Pipeline.SagaStore;

/// <summary>
/// A message was sent through the context of an event whose state is committed already. It would be lost by a crash without anybody
/// knowing; so it is refused.
/// </summary>
public sealed class SentAfterCommitException : InvalidOperationException
{
    public SentAfterCommitException(Type messageType)
        : base($"A message of type '{messageType.Name}' was sent after the saga's state was committed; it would not be part of the event. Await every send inside the activity.")
    {
        MessageType = messageType;
    }

    /// <summary>What was to be sent.</summary>
    public Type MessageType { get; }
}
