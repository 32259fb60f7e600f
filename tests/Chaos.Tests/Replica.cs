using System.Diagnostics;
using System.Globalization;

namespace Pipeline.Chaos.Tests;

/// <summary>One replica of a service as a process of its own: started, killed, frozen, thawed, started again. Every life has its own log file.</summary>
internal sealed class Replica(string name, string project, int port, string folder, IReadOnlyDictionary<string, string> environment, IReadOnlyList<string> arguments) : IAsyncDisposable
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };

    private Process? _process;
    private int _lives;

    public string Name { get; } = name;

    /// <summary>The folder's name of the service, without the replica's number.</summary>
    public string Project { get; } = project;

    public Uri Address { get; } = new($"http://127.0.0.1:{port}/");

    public bool IsRunning => _process is { HasExited: false };

    public bool IsFrozen { get; private set; }

    public string State => _process is null ? "never started" : _process.HasExited ? string.Create(CultureInfo.InvariantCulture, $"ended with {_process.ExitCode}") : IsFrozen ? "frozen" : "running";

    public void Start()
    {
        if (IsRunning)
        {
            throw new InvalidOperationException($"{Name} runs already.");
        }

        var log = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{Name}.{++_lives}.log"));
        _process?.Dispose();
        // exec: the shell that opens the log file becomes the service, so that the pid is the service's.
        var start = StartInfo(["-c", "exec dotnet \"$0\" \"$@\" >>\"$CHAOS_LOG\" 2>&1 </dev/null", Checkout.Assembly(Project), .. arguments]);
        start.Environment["CHAOS_LOG"] = log;
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{Name} did not start.");
        IsFrozen = false;
    }

    /// <summary>Runs the service's migration step and waits for its end.</summary>
    public async Task MigrateAsync(CancellationToken cancellationToken)
    {
        var start = StartInfo(["-c", "exec dotnet \"$0\" --migrate >>\"$CHAOS_LOG\" 2>&1 </dev/null", Checkout.Assembly(Project)]);
        start.Environment["CHAOS_LOG"] = Path.Combine(folder, $"{Name}.migrate.log");
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"The migrations of {Name} did not start.");
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"The migrations of {Name} ended with {process.ExitCode}: {await File.ReadAllTextAsync(start.Environment["CHAOS_LOG"]!, cancellationToken)}");
        }
    }

    /// <summary>SIGKILL; returns when the process is gone.</summary>
    public async Task KillAsync()
    {
        if (_process is { HasExited: false } process)
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
        }

        IsFrozen = false;
    }

    public async Task FreezeAsync()
    {
        await SignalAsync("STOP");
        IsFrozen = true;
    }

    public async Task ThawAsync()
    {
        await SignalAsync("CONT");
        IsFrozen = false;
    }

    /// <summary>SIGTERM and time to finish; killed if it does not end. Returns false where it had to be killed.</summary>
    public async Task<bool> StopAsync()
    {
        if (_process is not { HasExited: false } process)
        {
            return true;
        }

        if (IsFrozen)
        {
            await ThawAsync();
        }

        await SignalAsync("TERM");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(40));
        try
        {
            await process.WaitForExitAsync(limit.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            await KillAsync();
            return false;
        }
    }

    public async Task<bool> IsReadyAsync(CancellationToken cancellationToken)
    {
        if (!IsRunning || IsFrozen)
        {
            return false;
        }

        try
        {
            // The simulator depends on nothing: for it, alive is ready.
            using var answer = await Http.GetAsync(new Uri(Address, Project == "ProviderSimulator" ? "health/live" : "health/ready"), cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process?.Dispose();
    }

    private ProcessStartInfo StartInfo(IEnumerable<string> shellArguments)
    {
        var start = new ProcessStartInfo("bash") { WorkingDirectory = folder };
        foreach (var argument in shellArguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (key, value) in environment)
        {
            start.Environment[key] = value;
        }

        return start;
    }

    private async Task SignalAsync(string signal)
    {
        if (_process is not { HasExited: false } process)
        {
            return;
        }

        using var kill = Process.Start("kill", ["-s", signal, process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(CancellationToken.None);
    }
}
