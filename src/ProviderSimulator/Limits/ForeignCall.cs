namespace Pipeline.ProviderSimulator.Limits;

internal readonly record struct ForeignCall(long At, string Model, Charge Charge, ForeignTrafficOptions Options);
