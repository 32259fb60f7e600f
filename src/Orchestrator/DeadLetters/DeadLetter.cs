namespace Pipeline.Orchestrator.DeadLetters;

/// <summary>A message that could not be processed, as it came, with what is known of why.</summary>
public sealed class DeadLetter
{
    public long Id { get; set; }

    /// <summary>SHA-256 of queue, body and headers: the same delivery, collected again after a crash, makes no second row.</summary>
    public byte[] Fingerprint { get; set; } = null!;

    /// <summary>Where it was found: an <c>_error</c> or <c>_skipped</c> queue, or <c>dead-letters</c>.</summary>
    public string SourceQueue { get; set; } = null!;

    /// <summary>The queue that it was meant for, where a replay sends it; null where that is not known.</summary>
    public string? Queue { get; set; }

    /// <summary>A <see cref="Contracts.FailureCode"/>, an exception's type, <c>skipped</c>, or the broker's reason (<c>delivery_limit</c>, <c>expired</c> …).</summary>
    public string Code { get; set; } = null!;

    /// <summary>The exception's type and its message without the values in it: what failed alike has the same.</summary>
    public string ExceptionGroup { get; set; } = null!;

    public string? Reason { get; set; }

    public string? Agent { get; set; }

    public string? Tenant { get; set; }

    public Guid? InvocationId { get; set; }

    public string? MessageId { get; set; }

    public string? ContentType { get; set; }

    /// <summary>The AMQP properties and headers, JSON.</summary>
    public string Properties { get; set; } = null!;

    public byte[] Body { get; set; } = null!;

    /// <summary>Bytes that the message had; more than <see cref="Body"/> where it was cut.</summary>
    public int BodyBytes { get; set; }

    /// <summary>UTC; null where no header says it.</summary>
    public DateTime? FailedAt { get; set; }

    /// <summary>UTC.</summary>
    public DateTime CollectedAt { get; set; }

    /// <summary>One of <see cref="DeadLetterStatus"/>.</summary>
    public string Status { get; set; } = DeadLetterStatus.Kept;

    /// <summary>UTC; when and by whom it was replayed or discarded, and why.</summary>
    public DateTime? ResolvedAt { get; set; }

    public string? ResolvedBy { get; set; }

    public string? ResolvedReason { get; set; }

    /// <summary>The message id of the edited message that was sent in its place.</summary>
    public string? ReplacedBy { get; set; }
}
