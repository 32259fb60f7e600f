using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace Pipeline.ToolWorkers.Mcp;

/// <summary>Asks a server for its tools, page by page and not without end.</summary>
internal static class McpToolList
{
    private const int MaxTools = 1000;
    private const int MaxPages = 100;

    /// <exception cref="McpServerFailedException">It lists more than is read.</exception>
    public static async Task<IReadOnlyDictionary<string, McpRemoteTool>> ReadAsync(string server, McpClient client, CancellationToken cancellationToken)
    {
        var tools = new Dictionary<string, McpRemoteTool>(StringComparer.Ordinal);
        string? cursor = null;
        for (var page = 0; page < MaxPages; page++)
        {
            var listed = await client.ListToolsAsync(new ListToolsRequestParams { Cursor = cursor }, cancellationToken);
            foreach (var tool in listed.Tools)
            {
                tools[tool.Name] = new McpRemoteTool(tool.Name, tool.Description, tool.InputSchema.Clone());
            }

            if (tools.Count > MaxTools)
            {
                break;
            }

            cursor = listed.NextCursor;
            if (cursor is null)
            {
                return tools;
            }
        }

        throw new McpServerFailedException($"The MCP server '{server}' lists more than {MaxTools} tools or {MaxPages} pages.");
    }
}
