namespace Pipeline.ProviderSimulator.Scripts;

internal sealed record RuleFault(FaultKind Kind, int Status, string? Message, TimeSpan? RetryAfter);
