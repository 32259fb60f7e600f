namespace Pipeline.ServiceDefaults.Dependencies;

/// <summary>A circuit as health checks and logs show it.</summary>
/// <param name="State"><c>closed</c>, <c>half-open</c> or <c>open</c>.</param>
/// <param name="Since">When it became so.</param>
/// <param name="Reason">What was said last instead of an answer; null where nothing was.</param>
public sealed record DependencyCircuitView(string State, DateTimeOffset Since, string? Reason);
