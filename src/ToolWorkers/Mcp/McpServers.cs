using Microsoft.Extensions.Options;
using Pipeline.ToolWorkers.HttpTools;
using Pipeline.ToolWorkers.Secrets;

namespace Pipeline.ToolWorkers.Mcp;

/// <summary>The connections to the declared MCP servers. They end, and their processes with them, when the service does.</summary>
internal sealed class McpServers : IAsyncDisposable
{
    private readonly Dictionary<string, McpServerConnection> _servers;

    public McpServers(
        IOptions<ToolsOptions> options,
        IHostEnvironment environment,
        GuardedHttpClient http,
        ToolSecrets secrets,
        TimeProvider time,
        ILogger<McpServerConnection> logger)
    {
        // Problems are the options validator's to report; it has run when the value is read.
        _servers = McpServerDirectory
            .Read(Path.Combine(environment.ContentRootPath, options.Value.McpDirectory), options.Value, secrets, [])
            .ToDictionary(x => x.Name, x => new McpServerConnection(x, environment.ContentRootPath, http, secrets, time, logger));
    }

    public McpServerConnection this[string name] => _servers[name];

    public async ValueTask DisposeAsync() => await Task.WhenAll(_servers.Values.Select(x => x.DisposeAsync().AsTask()));
}
