namespace Pipeline.SagaStore.Outgoing;

/// <summary>
/// The messages that one consumed event sent, committed with the state it changed. Removed once the broker confirmed them all;
/// until then a redelivery of the event or the sweeper sends them again with the same message ids.
/// </summary>
public sealed class OutgoingBatch
{
    /// <summary>Follows from the saga, the instance and the consumed message, so that a redelivery finds it without an index.</summary>
    public Guid Id { get; set; }

    /// <summary>The saga's type name, for operators.</summary>
    public string Saga { get; set; } = null!;

    public Guid SagaId { get; set; }

    /// <summary>The messages, as <see cref="StoredMessage"/> packs them; of a finished saga, the ids of the messages it consumed.</summary>
    public byte[] Body { get; set; } = null!;

    public DateTime CommittedAt { get; set; }

    /// <summary>When a sweeper may take it; null for a parked batch and for the memory of a finished saga.</summary>
    public DateTime? NextAttemptAt { get; set; }

    public int Attempts { get; set; }

    /// <summary>Set when sending was given up; an operator decides.</summary>
    public DateTime? ParkedAt { get; set; }

    /// <summary>When the row may be deleted; set only on the memory of a finished saga.</summary>
    public DateTime? ExpiresAt { get; set; }

    public string? LastError { get; set; }
}
