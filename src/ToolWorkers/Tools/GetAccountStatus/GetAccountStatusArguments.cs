namespace Pipeline.ToolWorkers.Tools.GetAccountStatus;

internal sealed record GetAccountStatusArguments(string? CustomerId, string? AccountId);
