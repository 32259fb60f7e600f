namespace Pipeline.SagaStore;

/// <summary>How one DbContext's saga store behaves. One set for all sagas of the DbContext in a process.</summary>
public class RowStoreOptions
{
    /// <summary>
    /// The ids of consumed messages that a saga row remembers; older ones are forgotten. At least the number of deliveries that can come
    /// again after a crash: prefetch times replicas.
    /// </summary>
    /// <value>128; 16 bytes each, written with every event of the row.</value>
    public int ConsumedLimit { get; set; } = 128;

    /// <summary>How long a send may wait for the broker's confirm after the commit. Then the message is left to the sweeper and the delivery is acknowledged.</summary>
    public TimeSpan SendTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Attempts at one event when other writers were first, each in a fresh scope after a jittered wait.</summary>
    public int ConflictAttempts { get; set; } = 64;

    /// <summary>
    /// How long an event is tried again while the database does not answer. Below the broker's consumer timeout (30 minutes by default),
    /// so that the delivery is still ours when the database is back. Then it fails with a <see cref="DatabaseOutageException"/>: retry that by
    /// giving the delivery back to the broker, not in the process, or the wait begins anew with the same delivery.
    /// </summary>
    public TimeSpan OutagePatience { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How often the sweeper looks for messages that were committed but not confirmed, and for timers that are due.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the process that committed a message has to get it confirmed before the sweeper of any process sends it again.</summary>
    public TimeSpan SweepGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Rows that one sweep takes of each kind.</summary>
    public int SweepBatch { get; set; } = 200;

    /// <summary>The longest wait between two attempts at sending a message that cannot be sent.</summary>
    public TimeSpan LongestSendBackoff { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Attempts after which messages that cannot be sent are parked for an operator.</summary>
    public int SendAttempts { get; set; } = 50;

    /// <summary>How long the store remembers which messages a finished and deleted saga had consumed.</summary>
    public TimeSpan CompletedMemory { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Longest wait before confirmed messages are removed from the table, in batches.</summary>
    public TimeSpan RemoveInterval { get; set; } = TimeSpan.FromMilliseconds(250);
}

/// <summary>The options of one DbContext's store, told apart from those of another in the same process.</summary>
internal sealed class RowStoreOptions<TDbContext> : RowStoreOptions;
