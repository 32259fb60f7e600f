using ModelContextProtocol.Client;
using Pipeline.ToolWorkers.HttpTools;
using Pipeline.ToolWorkers.Secrets;

namespace Pipeline.ToolWorkers.Mcp;

/// <summary>The way to a server as its file declares it: a process of its own, or HTTP behind the guard.</summary>
internal sealed class McpTransports(McpServerDeclaration server, string contentRoot, GuardedHttpClient http, ToolSecrets secrets, ILogger logger)
{
    public IClientTransport Create() => server.IsStdio
        ? new StdioClientTransport(new StdioClientTransportOptions
        {
            Name = server.Name,
            Command = server.Command ?? "",
            Arguments = [.. server.Args],
            WorkingDirectory = Path.GetFullPath(Path.Combine(contentRoot, server.WorkingDirectory ?? "")),
            // Nothing of ours: the environment of the service holds its database password.
            InheritEnvironmentVariables = false,
            EnvironmentVariables = Environment(),
            StandardErrorLines = Said,
            ShutdownTimeout = TimeSpan.FromSeconds(5),
        })
        : new HttpClientTransport(
            new HttpClientTransportOptions
            {
                Name = server.Name,
                Endpoint = new Uri(server.Url ?? ""),
                TransportMode = HttpTransportMode.StreamableHttp,
                AdditionalHeaders = server.Headers.ToDictionary(x => x.Key, x => secrets.Resolve(x.Value)),
            },
            http.Client,
            ownsHttpClient: false);

    private Dictionary<string, string?> Environment()
    {
        var variables = StdioClientTransportOptions.GetDefaultEnvironmentVariables();
        foreach (var (name, value) in server.Env)
        {
            variables[name] = secrets.Resolve(value);
        }

        return variables;
    }

    private void Said(string line)
    {
        if (logger.IsEnabled(LogLevel.Debug))
        {
            var said = secrets.Redact(line.Length <= 500 ? line : line[..500]);
            logger.ServerSaid(server.Name, said);
        }
    }
}
