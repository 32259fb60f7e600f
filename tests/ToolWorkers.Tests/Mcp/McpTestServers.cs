using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Pipeline.ToolWorkers.Tests.Fixtures;

namespace Pipeline.ToolWorkers.Tests.Mcp;

/// <summary>MCP servers from the npm registry, which this project did not write. <c>npm ci</c> in <c>tests/ToolWorkers.Tests/Mcp/Servers</c> installs them.</summary>
internal static class McpTestServers
{
    public const string Node = "node";

    private static string Folder => Path.Combine(ToolWorkersApp.Repository(), "tests", "ToolWorkers.Tests", "Mcp", "Servers", "node_modules", "@modelcontextprotocol");

    /// <summary>The server's program; skips the test, with the reason, where it is not installed.</summary>
    public static string Script(string server)
    {
        var script = Path.Combine(Folder, server, "dist", "index.js");
        Assert.SkipUnless(File.Exists(script) && HasNode(), "node or the MCP servers of tests/ToolWorkers.Tests/Mcp/Servers are missing; scripts/test.sh installs them with 'npm ci'.");
        return script;
    }

    /// <summary>Starts a server that listens on a port of its own; ends with the returned process.</summary>
    public static async Task<(Process Process, Uri Address)> ListenAsync(string server)
    {
        var script = Script(server);
        var port = FreePort();
        var start = new ProcessStartInfo(Node) { RedirectStandardError = true, RedirectStandardOutput = true };
        start.ArgumentList.Add(script);
        start.ArgumentList.Add("streamableHttp");
        start.Environment["PORT"] = port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var listening = new TaskCompletionSource();
        var process = new Process { StartInfo = start };
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data?.Contains("listening on port", StringComparison.Ordinal) == true)
            {
                listening.TrySetResult();
            }
        };
        process.Start();
        // Read to their ends: nobody may have to wait for room in the pipe.
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        await listening.Task.WaitAsync(ToolWorkersApp.Guard, TestContext.Current.CancellationToken);
        return (process, new Uri($"http://127.0.0.1:{port}/mcp"));
    }

    /// <summary>The processes of this test's children whose command line has the mark.</summary>
    public static IEnumerable<int> ProcessesWith(string mark) => Directory.EnumerateDirectories("/proc")
        .Select(x => int.TryParse(Path.GetFileName(x), out var id) ? id : 0)
        .Where(x => x > 0 && CommandLine(x).Contains(mark, StringComparison.Ordinal));

    private static string CommandLine(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static bool HasNode() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(x => x.Length > 0 && File.Exists(Path.Combine(x, Node)));
}
