using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Pipeline.Benchmarks.Measurement;

namespace Pipeline.Benchmarks.Invocations;

/// <summary>A service in a process of its own, started from this program's output folder and stopped by its id.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _name;
    private readonly string _log;
    private readonly StreamWriter _output;

    private ServiceProcess(Process process, string name, string log, Uri url)
    {
        _process = process;
        _name = name;
        _log = log;
        _output = new StreamWriter(log) { AutoFlush = true };
        Url = url;
        process.OutputDataReceived += (_, line) => Write(line.Data);
        process.ErrorDataReceived += (_, line) => Write(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public Uri Url { get; }

    public int Id => _process.Id;

    public ProcessTree Tree => new(_name, _process.Id);

    /// <summary>Runs the assembly to its end, for migrations.</summary>
    public static async Task RunAsync(string assembly, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?> settings, string folder, CancellationToken cancellationToken)
    {
        await using var service = Start(assembly + "-migrate", assembly, arguments, settings, folder);
        await service._process.WaitForExitAsync(cancellationToken);
        if (service._process.ExitCode != 0)
        {
            throw new InvalidOperationException($"'{assembly} {string.Join(' ', arguments)}' ended with exit code {service._process.ExitCode}:{Environment.NewLine}{await service.LogAsync()}");
        }
    }

    /// <param name="name">Of the process and of its log, <c>name.log</c>.</param>
    /// <param name="assembly">What is run.</param>
    /// <param name="arguments">Its command line.</param>
    /// <param name="settings">Its environment.</param>
    /// <param name="folder">Where it runs and writes its log.</param>
    /// <param name="addressOption">The argument that says where to listen, of a program that does not read the environment for it.</param>
    public static ServiceProcess Start(string name, string assembly, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?> settings, string folder, string? addressOption = null)
    {
        var url = new Uri($"http://127.0.0.1:{FreePort()}");
        var start = new ProcessStartInfo(Environment.ProcessPath is { } dotnet && Path.GetFileNameWithoutExtension(dotnet) == "dotnet" ? dotnet : "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, assembly + ".dll"));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        if (addressOption is not null)
        {
            start.ArgumentList.Add(addressOption);
            start.ArgumentList.Add(url.ToString());
        }

        start.Environment["DOTNET_ENVIRONMENT"] = "Production";
        start.Environment["ASPNETCORE_URLS"] = url.ToString();
        foreach (var (key, value) in settings)
        {
            start.Environment[key] = value;
        }

        return new ServiceProcess(Process.Start(start)!, name, Path.Combine(folder, name + ".log"), url);
    }

    public Task WhenReadyAsync(CancellationToken cancellationToken) => WhenReadyAsync("health/ready", cancellationToken);

    public async Task WhenReadyAsync(string path, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        using var http = new HttpClient { BaseAddress = Url };
        while (true)
        {
            if (_process.HasExited)
            {
                throw new InvalidOperationException($"'{_name}' ended while it started:{Environment.NewLine}{await LogAsync()}");
            }

            try
            {
                using var answer = await http.GetAsync(path, limit.Token);
                if (answer.IsSuccessStatusCode)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // It does not listen yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), limit.Token);
        }
    }

    /// <summary>As kill -9 does: nothing is finished.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(CancellationToken.None);
    }

    /// <summary>Lets the service finish what it works on, as a deployment would.</summary>
    public async Task StopAsync()
    {
        if (_process.HasExited)
        {
            return;
        }

        using (var signal = Process.Start("kill", ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
        {
            await signal.WaitForExitAsync();
        }

        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(35));
        try
        {
            await _process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
        lock (_output)
        {
            _output.Dispose();
        }
    }

    private async Task<string> LogAsync()
    {
        var lines = await File.ReadAllLinesAsync(_log);
        return string.Join(Environment.NewLine, lines.TakeLast(20));
    }

    private void Write(string? line)
    {
        lock (_output)
        {
            if (line is not null && _output.BaseStream is { CanWrite: true })
            {
                _output.WriteLine(line);
            }
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
