namespace Pipeline.ToolWorkers.HttpTools;

/// <summary>The server behind a declared tool failed: counts for the tool's circuit breaker. What the server refuses is no such failure.</summary>
internal sealed class HttpToolFailedException(string message) : Exception(message);
