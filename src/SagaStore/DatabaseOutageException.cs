using MassTransit;

namespace Pipeline.SagaStore;

/// <summary>
/// The database did not answer for as long as the store waits, see <see cref="RowStoreOptions.OutagePatience"/>. The event was not consumed;
/// whether its last commit happened is not known, and the next delivery finds out.
/// </summary>
public sealed class DatabaseOutageException : SagaException
{
    public DatabaseOutageException(Type sagaType, Type messageType, TimeSpan waited, Exception innerException)
        : base($"The saga's database did not answer for '{waited}'. Check the server; give the delivery back to the broker, or re-drive it from the error queue.", sagaType, messageType, Guid.Empty, innerException)
    {
    }
}
