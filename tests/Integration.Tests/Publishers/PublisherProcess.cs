using System.Diagnostics;
using System.Text.Json;
using Pipeline.Fixtures;

namespace Pipeline.Integration.Tests.Publishers;

/// <summary>One of the sample publishers as a process of its own.</summary>
internal sealed class PublisherProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly List<string> _errors = [];
    private readonly Task<string> _output;

    private PublisherProcess(Process process)
    {
        _process = process;
        process.ErrorDataReceived += (_, line) =>
        {
            lock (_errors)
            {
                _errors.Add(line.Data ?? "");
            }
        };
        process.Start();
        process.BeginErrorReadLine();
        _output = process.StandardOutput.ReadToEndAsync();
    }

    public static PublisherProcess Start(string language, Uri broker, string file, params string[] options)
    {
        var samples = Path.Combine(Checkout.Samples, "..", "publishers");
        var start = language switch
        {
            "python" => new ProcessStartInfo("/usr/bin/python3") { ArgumentList = { Path.Combine(samples, "python", "publisher.py") } },
            "node" => new ProcessStartInfo("node") { ArgumentList = { Path.Combine(samples, "node", "publisher.mjs") } },
            _ => new ProcessStartInfo("dotnet") { ArgumentList = { CSharp() } },
        };
        Assert.SkipUnless(IsThere(language, samples), $"The {language} publisher cannot run here: python3-pika, or node and 'npm ci' in samples/publishers/node, is missing. scripts/test.sh installs them as root on Debian.");
        start.RedirectStandardError = start.RedirectStandardOutput = true;
        foreach (var argument in new[] { "--url", broker.ToString(), "--file", file }.Concat(options))
        {
            start.ArgumentList.Add(argument);
        }

        return new PublisherProcess(new Process { StartInfo = start });
    }

    /// <summary>Returns when it has written the line to its standard error.</summary>
    public Task SaysAsync(string line) => Eventually.HoldsAsync(
        () =>
        {
            lock (_errors)
            {
                Assert.False(_process.HasExited && !_errors.Contains(line), $"It ended without '{line}': {string.Join(Environment.NewLine, _errors)}");
                return Task.FromResult(_errors.Contains(line));
            }
        },
        $"the publisher says '{line}'");

    public void Terminate()
    {
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
    }

    /// <summary>Its report: the state of every submission by key, and the exit code.</summary>
    public async Task<(Dictionary<string, string> States, int ExitCode)> ReportAsync()
    {
        var output = await _output.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        var states = output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(x => JsonSerializer.Deserialize<JsonElement>(x))
            .Where(x => x.TryGetProperty("idempotencyKey", out _))
            .ToDictionary(x => x.GetProperty("idempotencyKey").GetString()!, x => x.GetProperty("state").GetString()!);
        return (states, _process.ExitCode);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private static string CSharp()
    {
        var tests = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(tests.Parent!.Parent!.FullName, "PublisherSample", tests.Name, "Pipeline.PublisherSample.dll");
    }

    private static bool IsThere(string language, string samples)
    {
        var (program, arguments) = language switch
        {
            "python" => ("/usr/bin/python3", new[] { "-c", "import pika" }),
            "node" => ("node", ["-e", "require.resolve('amqplib')"]),
            _ => ("dotnet", ["--version"]),
        };
        try
        {
            var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true, WorkingDirectory = Path.Combine(samples, "node") };
            using var tried = Process.Start(start)!;
            tried.WaitForExit();
            return tried.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}
