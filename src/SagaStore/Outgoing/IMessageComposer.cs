namespace Pipeline.SagaStore.Outgoing;

/// <summary>
/// Turns a reference that a saga sent into the message that leaves. What is stored with the state is only the reference, so that a message
/// which repeats much of what the database already holds (a conversation, a document) costs nothing to store.
/// Resolved from the scope of the event, inside its transaction, with what the event wrote already visible to queries;
/// from a fresh scope when the sweeper sends it again.
/// </summary>
/// <typeparam name="TReference">The type that the saga sends.</typeparam>
public interface IMessageComposer<in TReference>
    where TReference : class
{
    /// <summary>Composes the message; null where there is no longer anything to send.</summary>
    Task<object?> ComposeAsync(TReference reference, CancellationToken cancellationToken);
}
