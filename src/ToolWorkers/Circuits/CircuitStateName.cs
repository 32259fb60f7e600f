using Pipeline.Contracts.ToolCalls;

namespace Pipeline.ToolWorkers.Circuits;

/// <summary>The states as they are written on the wire, in logs and on <c>/tools</c>: see <see cref="ToolCircuitChanged.State"/>.</summary>
internal static class CircuitStateName
{
    public static string Of(CircuitState state) => state switch
    {
        CircuitState.Closed => "closed",
        CircuitState.HalfOpen => "half-open",
        CircuitState.Open => "open",
        CircuitState.Isolated => "isolated",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "Not a state of a circuit."),
    };
}
