using MassTransit;

namespace Pipeline.SagaStore;

/// <summary>
/// Another writer was first, on whatever database and in whatever form it said so. Not a failure: the event is tried again on the current state.
/// Seen outside the store only after <see cref="RowStoreOptions.ConflictAttempts"/> attempts.
/// </summary>
public sealed class SagaConcurrencyException : SagaException
{
    public SagaConcurrencyException(Type sagaType, Type messageType, int attempts, Exception innerException)
        : base($"The saga was changed by another writer at each of '{attempts}' attempts. Lower the concurrency of its endpoint, or raise ConflictAttempts.", sagaType, messageType, Guid.Empty, innerException)
    {
        Attempts = attempts;
    }

    /// <summary>How often the event was tried.</summary>
    public int Attempts { get; }
}
