using Pipeline.ProviderSimulator.Limits;

namespace Pipeline.ProviderSimulator.Protocols;

/// <summary>What is known of one call while it is served, and what has to be in the ledger however it ends.</summary>
internal sealed class Call(string requestId, DateTimeOffset at, IdSource ids)
{
    private readonly List<LedgerCharge> _charges = [];

    public string RequestId { get; } = requestId;

    public DateTimeOffset At { get; } = at;

    public IdSource Ids { get; } = ids;

    public string Model { get; set; } = "";

    public OrganisationLimiter? Limiter { get; set; }

    /// <summary>Set when the model is known.</summary>
    public CallScope? Scope { get; set; }

    public string Organisation => Limiter?.Organisation ?? "";

    public int InputTokens { get; set; }

    public int OutputTokens { get; set; }

    public int CachedTokens { get; set; }

    public StreamState StreamState { get; set; }

    public int StreamEvents { get; set; }

    /// <summary>Whether the last correction of the charge is made.</summary>
    public bool Closed { get; set; }

    public void Charged(long ticks, in Charge charge) => _charges.Add(new LedgerCharge(ticks, charge));

    /// <summary>Takes from the limits beyond the admission, and notes it.</summary>
    public void Settle(in Charge charge)
    {
        if (charge != default)
        {
            Charged(Limiter!.Settle(Scope!, charge), charge);
        }
    }

    /// <summary>The entry with everything that this call has come to.</summary>
    public LedgerEntry Complete(LedgerEntry entry) => entry with
    {
        Organisation = Limiter?.Organisation,
        ModelClass = Scope?.ModelClass,
        Charges = [.. _charges],
        ChargedTokens = _charges.Sum(x => x.Amount.Tokens),
        InputTokens = InputTokens,
        OutputTokens = OutputTokens,
        CachedTokens = CachedTokens,
        StreamState = StreamState,
        StreamEvents = StreamEvents,
    };
}
