namespace Pipeline.Chaos.Tests.Checks;

/// <summary>A refund as the sample bank wrote it.</summary>
internal sealed record RefundRow(string TransactionId, string CallId, long AmountCents)
{
    /// <summary>The invocation that the call belongs to: call ids begin with it.</summary>
    public Guid? Invocation => Guid.TryParseExact(CallId.Split('-')[0], "N", out var id) ? id : null;
}
