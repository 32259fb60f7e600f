using Pipeline.Chaos.Tests.Load;
using Pipeline.Chaos.Tests.Scripts;

namespace Pipeline.Chaos.Tests.Checks;

/// <summary>
/// Folds what the publisher knows, what upstream heard, what the databases hold and what bank and provider booked into one verdict.
/// The names of the invariants are those of the research the project started from.
/// </summary>
internal sealed class Checker(Evidence evidence, LoadPublisher load, EventCollector events, IReadOnlyList<StruckFault> faults)
{
    /// <summary>A call that began before the end was known everywhere: a redelivery after the longest outage of the script.</summary>
    private static readonly TimeSpan Ghost = TimeSpan.FromSeconds(120);

    private readonly ILookup<int, InvocationRow> _byCase = evidence.Invocations.ToLookup(x => x.Case);
    private readonly Dictionary<Guid, InvocationRow> _byId = evidence.Invocations.ToDictionary(x => x.Id);
    private readonly ILookup<Guid?, RefundRow> _refunds = evidence.Refunds.ToLookup(x => x.Invocation);

    public int Ok => Cases.Count(x => _byCase[x].ToList() is [{ State: "Completed", WentWithoutTools: false } row] && IsRefunded(row));

    public int Degraded => Cases.Count(x => _byCase[x].ToList() is [{ State: "Completed", WentWithoutTools: true } row] && EffectsAgree(row));

    public List<string> Lost => [.. Cases.Where(x => !_byCase[x].Any(y => y.IsTerminal) || !HeardOf(x).Any()).Select(x => _byCase[x].FirstOrDefault()?.ToString() is { } row ? $"{row}, {HeardOf(x).Count()} terminal events heard" : $"case {x}: no row")];

    public List<string> Duplicated =>
    [
        .. _byCase.Where(x => x.Count() > 1).Select(x => $"case {x.Key} has {x.Count()} invocations"),
        .. Cases.Where(x => HeardOf(x).Count() > 1).Select(x => $"case {x}: {string.Join(", ", HeardOf(x).Select(y => $"{y.Name} at {y.At:O} ({y.MessageId})"))}"),
        .. evidence.Refunds.GroupBy(x => x.Invocation).Where(x => x.Count() > 1).Select(x => $"invocation {x.Key} issued {x.Count()} refunds"),
        .. evidence.Refunds.GroupBy(x => CaseBook.NumberOfTransaction(x.TransactionId)).Where(x => x.Count() > 1).Select(x => $"case {x.Key} was refunded {x.Count()} times"),
    ];

    public List<string> Unexpected =>
    [
        .. evidence.Invocations.Where(x => x.IsTerminal && x.State != "Completed").Select(x => $"{x}: ended otherwise"),
        .. evidence.Invocations.Where(x => x is { State: "Completed", WentWithoutTools: false } && !IsRefunded(x)).Select(x => $"{x}: completed without the refund that was due"),
        .. evidence.Invocations.Where(x => x is { State: "Completed", WentWithoutTools: true } && !EffectsAgree(x)).Select(x => $"{x}: its timeline tells of {x.RefundClaims} refunds, the bank of {_refunds[x.Id].Count()}"),
        .. evidence.Refunds.Where(x => x.Invocation is not { } id || !_byId.TryGetValue(id, out var row) || CaseBook.NumberOfTransaction(x.TransactionId) != row.Case || x.AmountCents != CaseBook.AmountOf(row.Case))
            .Select(x => $"refund of {x.TransactionId} by {x.CallId}: not what its case was about"),
        .. events.Rejected.Select(x => $"{x.Key} was rejected: {x.Value.Code}"),
    ];

    public int Recovered => evidence.Invocations.Count(x => x.State == "Completed" && faults.Any(y => x.AcceptedAt < y.To && x.EndedAt > y.From));

    public int ModelCallsPaidTwice => evidence.ModelCalls.Where(x => x.Answered).GroupBy(x => x.Key).Sum(x => x.Count() - 1);

    private IEnumerable<int> Cases => load.Acknowledged.Keys;

    public IEnumerable<InvariantResult> Invariants()
    {
        yield return InvariantResult.Of("I1 NoLostInvocation", "every confirmed submission has one terminal state and one terminal event", Lost);
        yield return InvariantResult.Of("I2 OneTerminal", "one terminal entry, the last of its timeline; the state says the same; one terminal event", [.. WrongEnds(), .. Duplicated]);
        yield return InvariantResult.Of(
            "I3 TimelineDense",
            "1..n without gap, the row's LastSeq is n; each version follows the one before; each transition's entries are of its own transaction",
            [.. evidence.Invocations.Where(x => x.FirstSeq != 1 || x.Entries != x.HighestSeq || x.LastSeq != x.HighestSeq).Select(x => $"{x}: {x.Entries} entries from {x.FirstSeq} to {x.HighestSeq}"), .. evidence.BrokenChains]);
        yield return InvariantResult.Of(
            "I4 ToolEffectOnce",
            "one refund for a call, an invocation and a case; each told of in its timeline; balances agree with the ledger",
            [
                .. evidence.Refunds.GroupBy(x => x.CallId).Where(x => x.Count() > 1).Select(x => $"call {x.Key}: {x.Count()} refunds"),
                .. Duplicated,
                .. evidence.Invocations.Where(x => x.IsTerminal && !EffectsAgree(x)).Select(x => $"{x}: timeline {x.RefundClaims} refunds, bank {_refunds[x.Id].Count()}"),
                .. evidence.WrongBalances,
            ]);
        yield return InvariantResult.Of(
            "I5 NoGhostWork",
            $"no model call starts more than {Ghost.TotalSeconds:0} s after the end, none for an unknown invocation",
            [.. evidence.ModelCalls.Where(x => x.Invocation is not { } id || !_byId.TryGetValue(id, out var row) || x.At > row.EndedAt + Ghost).Select(x => $"{x.Key} at {x.At:O}")]);
        yield return InvariantResult.Of("I9 Fenced", "no commit is based on a version that was replaced after its transaction began", [.. evidence.Overtaken]);
        yield return InvariantResult.Of("I15 NoLogSins", "no unobserved task exception, null reference or assertion in any log, no disposed object in an error of ours", [.. evidence.Logs.Sins]);
    }

    private IEnumerable<string> WrongEnds() => evidence.Invocations
        .Where(x => x.IsTerminal
            ? x.TerminalEntries != 1 || !x.LastKind.Equals(x.State, StringComparison.OrdinalIgnoreCase) || x.EndedAt is null
            : x.TerminalEntries != 0)
        .Select(x => $"{x}: {x.TerminalEntries} terminal entries, the last entry is '{x.LastKind}'");

    private IEnumerable<HeardEvent> HeardOf(int number) => events.Terminal.TryGetValue(CaseBook.KeyOf(number), out var heard) ? heard.Values : [];

    private bool IsRefunded(InvocationRow row) => row.RefundClaims == 1 && _refunds[row.Id].Count() == 1;

    private bool EffectsAgree(InvocationRow row) => row.RefundClaims == _refunds[row.Id].Count();
}
