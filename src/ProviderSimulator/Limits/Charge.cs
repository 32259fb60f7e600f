namespace Pipeline.ProviderSimulator.Limits;

/// <summary>What one call takes from each bucket when it is admitted. A request is always one.</summary>
internal readonly record struct Charge(int Tokens, int InputTokens, int OutputTokens);
