namespace Pipeline.Benchmarks.Store;

public sealed record StartTrip(Guid TripId);
