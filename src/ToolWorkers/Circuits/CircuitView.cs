namespace Pipeline.ToolWorkers.Circuits;

/// <summary>A circuit as operators see it.</summary>
internal sealed record CircuitView(CircuitState State, DateTimeOffset Since, DateTimeOffset? RetryAt, int Breaks, string? Reason);
