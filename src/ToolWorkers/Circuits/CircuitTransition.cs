namespace Pipeline.ToolWorkers.Circuits;

/// <summary>A change that this process made to a circuit, to be agreed with the others and published.</summary>
internal sealed record CircuitTransition(ToolCircuit Circuit, CircuitState State, DateTimeOffset At, DateTimeOffset? RetryAt, int Breaks, bool EndsProbe, string? Reason);
