using Pipeline.ToolWorkers.HttpTools;
using Pipeline.ToolWorkers.Manifests;
using Pipeline.ToolWorkers.Mcp;
using Pipeline.ToolWorkers.Secrets;

namespace Pipeline.ToolWorkers;

/// <summary>The tools that need no class: their manifest says what they are.</summary>
internal sealed class DeclaredTools(GuardedHttpClient http, McpServers servers, ToolSecrets secrets, ILoggerFactory loggers)
{
    /// <summary>The tool; null where the manifest is that of a class.</summary>
    public ITool? Find(ToolManifest manifest)
    {
        if (manifest.Http is { } request)
        {
            return new HttpTool(manifest, request, http, secrets, loggers.CreateLogger<HttpTool>());
        }

        return manifest.Mcp is { } mcp ? new McpTool(manifest.Name, mcp, servers[mcp.Server], secrets, loggers.CreateLogger<McpTool>()) : null;
    }
}
