namespace Pipeline.ProviderSimulator.Scripts;

/// <param name="Kind">What goes wrong.</param>
/// <param name="Status">The status of an error; 0 = the protocol's own.</param>
/// <param name="Message">Instead of the provider's words.</param>
/// <param name="RetryAfter">What a status tells the caller.</param>
/// <param name="Code">The error code instead of the status's usual one, such as <c>slow_down</c>.</param>
/// <param name="Delay">How long a slow answer or a stalled stream waits.</param>
internal sealed record RuleFault(FaultKind Kind, int Status, string? Message, TimeSpan? RetryAfter, string? Code = null, TimeSpan Delay = default);
