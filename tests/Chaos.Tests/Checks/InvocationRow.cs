namespace Pipeline.Chaos.Tests.Checks;

/// <summary>An invocation as its row and its timeline tell it.</summary>
internal sealed record InvocationRow(
    Guid Id, int Case, string State, bool Degraded, int LastSeq, DateTime AcceptedAt, DateTime? EndedAt, string? Code, int Entries, int FirstSeq, int HighestSeq, int TerminalEntries, string LastKind, int RefundClaims, int FailedSteps)
{
    /// <summary>The model was told that a tool failed, or a fallback answered: it may rightly have decided without a refund.</summary>
    public bool WentWithoutTools => Degraded || FailedSteps > 0;

    public bool IsTerminal => State is "Completed" or "Failed" or "Expired" or "Cancelled";

    public override string ToString() => $"case {Case} ({Id}) {State}, seq {LastSeq}{(Code is null ? "" : $", {Code}")}";
}
