using ModelContextProtocol;
using Pipeline.Contracts;
using Pipeline.ToolWorkers.Secrets;

namespace Pipeline.ToolWorkers.Mcp;

/// <summary>
/// A tool of an MCP server. Called only while the server says of it what was reviewed: a server that changes a description or schema later
/// (and with it what the model is made to do) is refused by name.
/// </summary>
internal sealed class McpTool(string name, McpToolDeclaration declaration, McpServerConnection server, ToolSecrets secrets, ILogger<McpTool> logger) : ITool
{
    public string Name => name;

    public async Task<ToolOutput> ExecuteAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var tools = await server.ToolsAsync(cancellationToken);
        if (Refusal(tools.GetValueOrDefault(declaration.Tool)) is { } refusal)
        {
            logger.ToolRefused(name, call.CallId, call.InvocationId, refusal);
            return ToolOutput.Failed(FailureCode.ToolNotAllowed, refusal);
        }

        try
        {
            var result = await server.CallAsync(declaration.Tool, call, cancellationToken);
            var text = secrets.Redact(McpResultText.Of(result));
            return result.IsError == true
                ? ToolOutput.Failed(FailureCode.ToolFailed, $"The tool says: {text}")
                : new ToolOutput(text);
        }
        catch (McpProtocolException e)
        {
            return ToolOutput.Failed(FailureCode.ToolFailed, $"The server refused the call ({e.ErrorCode}): {secrets.Redact(e.Message)}");
        }
    }

    private string? Refusal(McpRemoteTool? remote)
    {
        const string wayOut = "Run --discover-mcp, review what changed, and deploy the new manifest.";
        if (remote is null)
        {
            return $"The MCP server '{server.Name}' has no tool '{declaration.Tool}' any more. {wayOut}";
        }

        return remote.Hash == declaration.Hash
            ? null
            : $"What the MCP server '{server.Name}' says of its tool '{declaration.Tool}' is not what was reviewed ('{declaration.Hash}', now '{remote.Hash}'). {wayOut}";
    }
}
