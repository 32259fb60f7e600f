namespace Pipeline.ToolWorkers.Mcp;

/// <summary>An MCP server is not there or broke off: counts for the circuit breakers of its tools.</summary>
internal sealed class McpServerFailedException(string message) : Exception(message);
