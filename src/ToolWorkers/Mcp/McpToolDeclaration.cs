namespace Pipeline.ToolWorkers.Mcp;

/// <summary>The <c>mcp</c> member of a manifest, written by <c>--discover-mcp</c> and reviewed like code.</summary>
/// <param name="Server">The server's name, that of its file.</param>
/// <param name="Tool">The server's own name of the tool.</param>
/// <param name="Hash">What the server said of the tool when it was reviewed; see <see cref="ToolFingerprint"/>.</param>
internal sealed record McpToolDeclaration(string Server, string Tool, string Hash);
