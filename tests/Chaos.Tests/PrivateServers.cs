using System.Diagnostics;

namespace Pipeline.Chaos.Tests;

/// <summary>
/// A RabbitMQ and a PostgreSQL of this run alone, in a folder of their own on free ports: they are killed and restarted, which nobody
/// else's servers must suffer.
/// </summary>
internal sealed class PrivateServers : IAsyncDisposable
{
    private const string FolderPrefix = "pipeline-chaos-";

    private readonly Dictionary<string, string> _environment;

    public PrivateServers(string folder)
    {
        RabbitMqPort = FreePorts.NextWith(20_000, 20_100, 21_000);
        ManagementPort = FreePorts.Next();
        PostgresPort = FreePorts.Next();
        _environment = new Dictionary<string, string>
        {
            ["PIPELINE_SERVERS_DIR"] = Path.Combine(folder, "servers"),
            ["PIPELINE_RABBITMQ_PORT"] = $"{RabbitMqPort}",
            ["PIPELINE_RABBITMQ_MANAGEMENT_PORT"] = $"{ManagementPort}",
            ["PIPELINE_POSTGRES_PORT"] = $"{PostgresPort}",
            ["PIPELINE_POSTGRES_MAX_CONNECTIONS"] = "400",
        };
    }

    public int RabbitMqPort { get; }

    public int ManagementPort { get; }

    public int PostgresPort { get; }

    public Uri Broker => new($"amqp://guest:guest@127.0.0.1:{RabbitMqPort}/");

    public string Database(string name) => $"Host=127.0.0.1;Port={PostgresPort};Username=postgres;Database={name};Application Name=chaos;Maximum Pool Size=20;Timeout=5;Command Timeout=120";

    /// <summary>Makes the folder of a run, and first ends the servers of runs that were killed: they outlive whoever started them.</summary>
    public static async Task<string> NewFolderAsync()
    {
        foreach (var left in Directory.EnumerateDirectories(Path.GetTempPath(), FolderPrefix + "*"))
        {
            var isOrphan = int.TryParse(Path.GetFileName(left).Split('-')[2], out var owner) && !Directory.Exists($"/proc/{owner}");
            if (isOrphan && Directory.Exists(Path.Combine(left, "servers")))
            {
                await RunAsync(new Dictionary<string, string> { ["PIPELINE_SERVERS_DIR"] = Path.Combine(left, "servers") }, ["down", "--kill", "--delete-data"]);
                Directory.Delete(left, recursive: true);
            }
        }

        // Readable by the account that PostgreSQL runs as, so not CreateTempSubdirectory.
        var folder = Path.Combine(Path.GetTempPath(), $"{FolderPrefix}{Environment.ProcessId}-{Random.Shared.Next():x}");
        Directory.CreateDirectory(Path.Combine(folder, "logs"));
        return folder;
    }

    public Task UpAsync(params string[] servers) => RunAsync(_environment, ["up", .. servers]);

    /// <param name="kill">As a crash: no good-bye.</param>
    /// <param name="servers">Which.</param>
    public Task DownAsync(bool kill, params string[] servers) => RunAsync(_environment, ["down", .. kill ? ["--kill"] : Array.Empty<string>(), .. servers]);

    public async ValueTask DisposeAsync() => await RunAsync(_environment, ["down", "--kill", "--delete-data"]);

    /// <exception cref="InvalidOperationException">The script failed; its output says why.</exception>
    private static async Task RunAsync(Dictionary<string, string> environment, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("bash") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.ArgumentList.Add(Checkout.Script("servers.sh"));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start) ?? throw new InvalidOperationException("bash did not start.");
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await process.WaitForExitAsync(limit.Token);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"scripts/servers.sh {string.Join(' ', start.ArgumentList.Skip(1))} ended with {process.ExitCode}: {await output}{await errors}");
        }
    }
}
