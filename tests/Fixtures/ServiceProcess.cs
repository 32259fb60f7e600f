using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Xunit;

namespace Pipeline.Fixtures;

/// <summary>
/// A service as a process of its own, from its build output: what a deployment runs, started, stopped, stopped in its tracks and killed
/// by a test. Listens on a port that the system chooses.
/// </summary>
public sealed partial class ServiceProcess : IAsyncDisposable
{
    private const int LinesKept = 400;
    private const int Terminate = 15;
    private const int Continue = 18;
    private const int Pause = 19;

    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _exited;
    private int _disposed;

    private ServiceProcess(string service, Process process)
    {
        Service = service;
        _process = process;
        process.OutputDataReceived += (_, line) => Read(line.Data);
        process.ErrorDataReceived += (_, line) => Read(line.Data);
        process.Start();
        process.StandardInput.Close();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        _exited = process.WaitForExitAsync();
    }

    public string Service { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>The last lines of its standard output and error.</summary>
    public string Output => string.Join(Environment.NewLine, _output);

    /// <summary>Starts a project of <c>src</c>, e.g. <c>Orchestrator</c>. Its build output lies beside the one of the running tests.</summary>
    /// <param name="service">The project's name.</param>
    /// <param name="settings">Environment variables, <c>Bus__Host</c> and the like.</param>
    /// <param name="arguments">Command-line arguments.</param>
    public static ServiceProcess Start(string service, IEnumerable<KeyValuePair<string, string>> settings, params string[] arguments)
    {
        var tests = new DirectoryInfo(AppContext.BaseDirectory);
        var assembly = Path.Combine(tests.Parent!.Parent!.FullName, service, tests.Name, $"Pipeline.{service}.dll");
        Assert.True(File.Exists(assembly), $"There is no '{assembly}'. Build Pipeline.sln in the same configuration as the tests.");
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } host ? host : "dotnet")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // Not the repository: a service must not find files there that a deployment has not.
            WorkingDirectory = Path.GetDirectoryName(assembly),
        };
        start.ArgumentList.Add(assembly);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["DOTNET_ENVIRONMENT"] = "Production";
        start.Environment["ASPNETCORE_URLS"] = "http://127.0.0.1:0";
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        return new ServiceProcess(service, new Process { StartInfo = start });
    }

    /// <summary>The address it listens on, once it does; fails with its output when it ends before.</summary>
    public async Task<Uri> AddressAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        await Task.WhenAny(_address.Task, _exited, Task.Delay(Timeout.Infinite, limit.Token));
        Assert.True(_address.Task.IsCompleted, $"{Service} {(HasExited ? "ended before it listened" : "does not listen")}:{Environment.NewLine}{Output}");
        return await _address.Task;
    }

    /// <summary>Returns when bus and database answer it.</summary>
    public async Task ReadyAsync(string path = "/health/ready")
    {
        var health = new Uri(await AddressAsync(), path);
        await Eventually.HoldsAsync(async () =>
        {
            Assert.False(HasExited, $"{Service} ended before it was ready:{Environment.NewLine}{Output}");
            try
            {
                using var answer = await Http.GetAsync(health, TestContext.Current.CancellationToken);
                return answer.StatusCode == HttpStatusCode.OK;
            }
            catch (Exception e) when (e is HttpRequestException || (e is TaskCanceledException && !TestContext.Current.CancellationToken.IsCancellationRequested))
            {
                // It does not listen yet, or is so busy starting that it did not answer in time.
                return false;
            }
        }, $"{Service} is ready");
    }

    /// <summary>Waits for its end; the exit code is 137 for a process that was killed.</summary>
    public async Task<int> ExitCodeAsync(TimeSpan limit)
    {
        try
        {
            await _exited.WaitAsync(limit, TestContext.Current.CancellationToken);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"{Service} still runs after {limit}:{Environment.NewLine}{Output}");
        }

        return _process.ExitCode;
    }

    /// <summary>SIGKILL: as a crash, without any good-bye.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _exited;
    }

    /// <summary>SIGTERM, and SIGKILL when it does not end in time.</summary>
    /// <returns>The exit code.</returns>
    public async Task<int> StopAsync(TimeSpan limit)
    {
        Signal(Terminate);
        try
        {
            await _exited.WaitAsync(limit);
        }
        catch (TimeoutException)
        {
            await KillAsync();
        }

        return _process.ExitCode;
    }

    /// <summary>SIGSTOP: it does nothing more and does not know it, its connections stay open.</summary>
    public void Freeze() => Signal(Pause);

    /// <summary>SIGCONT: goes on where it was stopped.</summary>
    public void Thaw() => Signal(Continue);

    /// <summary>Ends it if it still runs; may be called again.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await KillAsync();
            _process.Dispose();
        }
    }

    private void Read(string? line)
    {
        if (line is null)
        {
            return;
        }

        _output.Enqueue(line);
        while (_output.Count > LinesKept)
        {
            _output.TryDequeue(out _);
        }

        if (!_address.Task.IsCompleted && ListeningOn().Match(line) is { Success: true } match)
        {
            _address.TrySetResult(new Uri(match.Groups[1].Value));
        }
    }

    private void Signal(int signal)
    {
        if (!_process.HasExited && SendSignal(_process.Id, signal) != 0 && !_process.HasExited)
        {
            throw new InvalidOperationException($"{Service} (process {_process.Id}) did not take the signal {signal}.");
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int processId, int signal);

    // As a line of text, or as a rendered message within JSON, where the address is quoted.
    [GeneratedRegex("""Now listening on: (?:\\?")?(http://[0-9.]+:[0-9]+)""")]
    private static partial Regex ListeningOn();
}
