namespace Pipeline.Benchmarks.Store;

public sealed record FinishTrip(Guid TripId);
