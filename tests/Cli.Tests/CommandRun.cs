using System.Diagnostics;

namespace Pipeline.Cli.Tests;

/// <summary>The command line as a script runs it: a process, its exit code and what it wrote.</summary>
internal sealed record CommandRun(int ExitCode, string Output, string Errors)
{
    public static async Task<CommandRun> OfAsync(Uri? server, string? key, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "Pipeline.Cli.dll"));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment.Remove("PIPELINE_URL");
        start.Environment.Remove("PIPELINE_API_KEY");
        if (server is not null)
        {
            start.Environment["PIPELINE_URL"] = server.ToString();
        }

        if (key is not null)
        {
            start.Environment["PIPELINE_API_KEY"] = key;
        }

        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        return new CommandRun(process.ExitCode, await output, await errors);
    }
}
