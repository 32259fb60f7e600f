namespace Pipeline.ProviderSimulator.Limits;

/// <summary>What the headers say of one bucket. <see cref="Limit"/> 0 = no such limit, no header.</summary>
internal readonly record struct BucketLevel(int Limit, double Remaining, TimeSpan Reset);
