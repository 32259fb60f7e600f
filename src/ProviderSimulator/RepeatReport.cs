namespace Pipeline.ProviderSimulator;

/// <summary>One idempotency key that arrived more than once.</summary>
public sealed record RepeatReport(string IdempotencyKey, int Arrivals, int Admitted, int Billed);
