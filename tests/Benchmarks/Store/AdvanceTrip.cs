namespace Pipeline.Benchmarks.Store;

public sealed record AdvanceTrip(Guid TripId);
