namespace Pipeline.ProviderSimulator.Limits;

/// <summary>
/// Another user of the organisation. Its calls are worked out when somebody looks, at the times they would have come: no timer,
/// and the same seed gives the same calls.
/// </summary>
internal sealed class ForeignTraffic(string organisation, ulong seed, Ledger ledger)
{
    public const string KeyAlias = "foreign";
    public const string Protocol = "foreign";

    /// <summary>What is older can no longer stand against a limit; it is left out.</summary>
    private const long LongestCatchUp = 5 * TimeSpan.TicksPerMinute;

    private ForeignTrafficOptions _options = new();
    private SeededDraws _draws = new(seed, organisation);
    private long _next = long.MaxValue;

    public void Start(ForeignTrafficOptions options, long now)
    {
        _options = options;
        _draws = new SeededDraws(seed, organisation);
        _next = options.RequestsPerMinute > 0 ? now + Gap() : long.MaxValue;
    }

    public ForeignCall? Next(long now)
    {
        while (_next < now - LongestCatchUp)
        {
            _next += Gap();
        }

        if (_next > now)
        {
            return null;
        }

        long at = _next;
        _next += Gap();
        return new ForeignCall(at, _options.Model, new Charge(_options.InputTokens + _options.OutputTokens, _options.InputTokens, _options.OutputTokens), _options);
    }

    public void Book(CallScope scope, in ForeignCall call, LimitRefusal? refusal)
    {
        bool admitted = refusal is null;
        ledger.Add(new LedgerEntry
        {
            Sequence = 0,
            At = ledger.WallClock(call.At),
            ArrivalTicks = call.At,
            Protocol = Protocol,
            Foreign = true,
            KeyAlias = KeyAlias,
            Organisation = organisation,
            ModelClass = scope.ModelClass,
            Model = call.Model,
            Admitted = admitted,
            Charges = admitted ? [new LedgerCharge(call.At, call.Charge)] : [],
            ChargedTokens = admitted ? call.Charge.Tokens : 0,
            InputTokens = admitted ? call.Options.InputTokens : 0,
            OutputTokens = admitted ? call.Options.OutputTokens : 0,
            Status = admitted ? 200 : 429,
            Verdict = refusal is null ? Verdict.Answered : Verdicts.Of(refusal),
            RefusedBy = refusal is null ? null : $"{refusal.Scope} {refusal.Dimension}",
        });
    }

    private long Gap() => Math.Max(1, (long)(-Math.Log(1 - _draws.Next()) * 60 / _options.RequestsPerMinute * TimeSpan.TicksPerSecond));
}
