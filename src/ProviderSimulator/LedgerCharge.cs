using Pipeline.ProviderSimulator.Limits;

namespace Pipeline.ProviderSimulator;

/// <summary>What was taken from the limits at one moment; negative = given back.</summary>
/// <param name="Ticks">Monotonic, 100 ns since the simulator's start.</param>
/// <param name="Amount">Tokens by limit.</param>
public readonly record struct LedgerCharge(long Ticks, Charge Amount);
