using Pipeline.ToolWorkers.HttpTools;
using Pipeline.ToolWorkers.Secrets;

namespace Pipeline.ToolWorkers.Mcp;

/// <summary>
/// <c>--discover-mcp</c>: asks every declared server for its tools and writes their manifests; with <c>--check</c> writes nothing and says
/// whether anything would change. Needs neither bus nor database.
/// </summary>
public static class McpDiscoveryCommand
{
    public const string Option = "--discover-mcp";

    /// <returns>0 done, or nothing to do; 1 with <c>--check</c>, something would change; 2 a file is wrong; 5 a server did not answer.</returns>
    public static async Task<int> DiscoverMcpAsync(this WebApplication app, string[] args)
    {
        // Not through the options' validator: it would refuse the very manifests that are about to be renewed.
        var options = app.Configuration.GetSection(ToolsOptions.Section).Get<ToolsOptions>() ?? new ToolsOptions();
        var root = app.Environment.ContentRootPath;
        var secrets = new ToolSecrets(options, root);
        var toolsDirectory = Path.Combine(root, options.Directory);
        var problems = new List<string>(AddressGuard.Problems(options));
        var servers = McpServerDirectory.Read(Path.Combine(root, options.McpDirectory), options, secrets, problems);
        if (servers.Count == 0 && problems.Count == 0)
        {
            problems.Add($"Tools:McpDirectory '{options.McpDirectory}' holds no *.json file. Add one for each MCP server, or set Tools__McpDirectory.");
        }

        if (problems.Count > 0)
        {
            return await RefuseAsync(problems);
        }

        Directory.CreateDirectory(toolsDirectory);
        var discovery = new McpDiscovery(toolsDirectory, writes: !args.Contains("--check"));
        var failed = false;
        using var http = new GuardedHttpClient(new AddressGuard(options));
        foreach (var server in servers)
        {
            await using var connection = new McpServerConnection(
                server,
                root,
                http,
                secrets,
                app.Services.GetRequiredService<TimeProvider>(),
                app.Services.GetRequiredService<ILogger<McpServerConnection>>());
            try
            {
                discovery.Add(server, await connection.ToolsAsync(app.Lifetime.ApplicationStopping));
            }
            catch (McpServerFailedException e)
            {
                failed = true;
                await Console.Error.WriteLineAsync(e.Message);
            }
        }

        foreach (var line in discovery.Report)
        {
            Console.WriteLine(line);
        }

        if (discovery.Problems.Count > 0)
        {
            return await RefuseAsync(discovery.Problems);
        }

        return failed ? 5 : args.Contains("--check") && discovery.HasChanges ? 1 : 0;
    }

    private static async Task<int> RefuseAsync(IEnumerable<string> problems)
    {
        await Console.Error.WriteLineAsync(string.Join(Environment.NewLine, problems));
        return 2;
    }
}
