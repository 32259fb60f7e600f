namespace Pipeline.ToolWorkers.Circuits;

/// <summary>Whether this process may probe.</summary>
/// <param name="Granted">True where it alone may.</param>
/// <param name="Record">What all agree on; null where that could not be read, and each process probes for itself.</param>
internal sealed record ProbeClaim(bool Granted, CircuitRecord? Record);
