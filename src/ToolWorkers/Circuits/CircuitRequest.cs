namespace Pipeline.ToolWorkers.Circuits;

/// <summary>What an operator asks of a circuit.</summary>
/// <param name="Action"><c>isolate</c> or <c>close</c>.</param>
/// <param name="Reason">For the log, the event and the next operator.</param>
internal sealed record CircuitRequest(string? Action, string? Reason);
