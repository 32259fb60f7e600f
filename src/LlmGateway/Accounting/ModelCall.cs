namespace Pipeline.LlmGateway.Accounting;

/// <summary>One call to a provider, written before it is made and closed with its outcome: what the accounts and a new owner's limits are made of.</summary>
internal sealed class ModelCall
{
    /// <summary><see cref="Outcome"/> of a call that was written down and has not ended.</summary>
    public const string Open = "open";

    /// <summary><see cref="Outcome"/> of a call whose process died or lost its domain: sent or not, charged in full.</summary>
    public const string Unknown = "unknown";

    /// <summary><see cref="Outcome"/> of a call that was not made after all.</summary>
    public const string NotSent = "not_sent";

    /// <summary><see cref="Outcome"/> of a call that a model answered.</summary>
    public const string Answered = "answered";

    public Guid InvocationId { get; set; }

    public int Turn { get; set; }

    /// <summary>Counted from 1.</summary>
    public int Attempt { get; set; }

    public string Tenant { get; set; } = "";

    public string Agent { get; set; } = "";

    public string Pool { get; set; } = "";

    public string Domain { get; set; } = "";

    /// <summary>The key's name, never the key.</summary>
    public string KeyAlias { get; set; } = "";

    public string Model { get; set; } = "";

    public DateTimeOffset DispatchedAt { get; set; }

    public DateTimeOffset? EndedAt { get; set; }

    /// <summary><see cref="Open"/>, <see cref="Answered"/>, <see cref="Unknown"/>, <see cref="NotSent"/>, or the failure's kind.</summary>
    public string Outcome { get; set; } = Open;

    /// <summary>As billed; 0 where nothing was.</summary>
    public int InputTokens { get; set; }

    public int OutputTokens { get; set; }

    /// <summary>The part of <see cref="InputTokens"/> that came from the provider's cache.</summary>
    public int CachedTokens { get; set; }

    // The charge by the limits that count it: as reserved, then as settled. What a new owner counts as already taken.

    public long ArrivalTokens { get; set; }

    public long ArrivalInput { get; set; }

    public long ArrivalOutput { get; set; }

    public long ProducedTokens { get; set; }

    public long ProducedInput { get; set; }

    public long ProducedOutput { get; set; }

    /// <summary>What was reserved of the limit of input and output together, before the provider had counted.</summary>
    public long ReservedTokens { get; set; }
}
