namespace Pipeline.ToolWorkers.Mcp;

/// <summary>
/// Connects to the servers of the served tools when the service starts, beside the start: a server that is down degrades its tools and holds
/// up nothing. The first call would connect as well, but would pay for it with its own time limit.
/// </summary>
internal sealed class McpWarmUp(ToolCatalog catalog, McpServers servers) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(catalog.Served.Select(x => x.Manifest.Mcp?.Server).OfType<string>().Distinct().Select(async name =>
        {
            try
            {
                await servers[name].ToolsAsync(stoppingToken);
            }
            catch (McpServerFailedException)
            {
                // Logged where it happened; the first call tries again.
            }
        }));
}
