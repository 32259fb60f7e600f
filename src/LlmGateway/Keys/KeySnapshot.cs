namespace Pipeline.LlmGateway.Keys;

/// <summary>A key as people may see it.</summary>
/// <param name="Alias">Its name.</param>
/// <param name="Weight">Its share.</param>
/// <param name="State">Whether it may be used.</param>
/// <param name="Since">When it came into that state.</param>
/// <param name="Reason">Why it may not be used, in the provider's words; free of keys.</param>
internal sealed record KeySnapshot(string Alias, int Weight, KeyState State, DateTimeOffset Since, string? Reason);
