namespace Pipeline.ToolWorkers.Tools.ListTransactions;

internal sealed record ListTransactionsArguments(string AccountId, DateOnly? From, DateOnly? To, string? Merchant, int? Limit);
