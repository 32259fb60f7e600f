namespace Pipeline.LlmGateway.Holding;

/// <summary>What is kept in memory of a request that waits for its turn: enough to decide, nothing of its body.</summary>
internal sealed class HeldRequest
{
    public required Guid InvocationId { get; init; }

    public required int Turn { get; init; }

    public required string Tenant { get; init; }

    public required string Agent { get; init; }

    /// <summary>The pool that was asked.</summary>
    public required string AskedPool { get; init; }

    /// <summary>The pool it waits for now: the one that was asked, or one of its fallbacks.</summary>
    public required string Pool { get; set; }

    /// <summary>False: interactive requests go first, until this one has waited long enough.</summary>
    public required bool IsInteractive { get; init; }

    /// <summary>The place in line.</summary>
    public required DateTimeOffset EnqueuedAt { get; init; }

    public required DateTimeOffset Deadline { get; init; }

    /// <summary>Tokens of the prompt, estimated.</summary>
    public required int PromptTokens { get; init; }

    public required int MaxOutputTokens { get; init; }

    /// <summary>Calls that failed so far, and count.</summary>
    public int Failed { get; set; }

    /// <summary>Calls that were sent so far.</summary>
    public int Calls { get; set; }

    /// <summary>Calls that a rate limit refused so far.</summary>
    public int Throttled { get; set; }

    /// <summary>Not to be sent before; a pause between two attempts.</summary>
    public DateTimeOffset NotBefore { get; set; }

    internal LinkedListNode<HeldRequest>? Place { get; set; }

    internal bool IsPromoted { get; set; }

    internal bool IsHeld { get; set; }
}
