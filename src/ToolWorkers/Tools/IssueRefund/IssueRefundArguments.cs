namespace Pipeline.ToolWorkers.Tools.IssueRefund;

internal sealed record IssueRefundArguments(string TransactionId, long AmountCents, string Reason);
