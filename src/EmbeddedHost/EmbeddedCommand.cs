using System.CommandLine;

namespace Pipeline.EmbeddedHost;

/// <summary>The command line: what a newcomer types first.</summary>
internal static class EmbeddedCommand
{
    public static RootCommand Create()
    {
        var file = new Option<FileInfo?>("--file") { Description = "Cases to submit, JSON lines. Default: the sample disputes." };
        var data = new Option<DirectoryInfo>("--data") { Description = "Folder of the databases and the log.", DefaultValueFactory = _ => new DirectoryInfo(Path.Combine(".run", "embedded")) };
        var fresh = new Option<bool>("--fresh") { Description = "Delete the data of earlier runs first. Without it, what an earlier run finished stays finished." };
        var serve = new Option<bool>("--serve") { Description = "Keep running, for curl, until Ctrl+C." };
        var url = new Option<string?>("--url") { Description = "Loopback address of the HTTP API. Default: http://127.0.0.1:8080 with --serve, else any free port." };
        var timeline = new Option<string?>("--timeline") { Description = "The case whose whole timeline is shown at the end. Default: the longest." };
        var timeout = new Option<int>("--timeout") { Description = "Seconds until the run gives up.", DefaultValueFactory = _ => 600 };
        var submit = new Option<bool>("--no-submit") { Description = "With --serve: submit nothing." };
        var command = new RootCommand(
            "Runs the whole pipeline in one process (in-memory transport, SQLite, simulated model provider), submits the sample disputes and shows what became of them. " +
            "With OPENAI_API_KEY or ANTHROPIC_API_KEY set, the real provider answers. Exit code 0: every case ended as expected; 1: not; 2: the command was not understood.")
        {
            file, data, fresh, serve, url, timeline, timeout, submit,
        };
        timeout.Validators.Add(x =>
        {
            // The value itself cannot be asked for where it is no number; that has its own error.
            if (x.Tokens.Count == 1 && int.TryParse(x.Tokens[0].Value, out var seconds) && seconds is < 1 or > 86_400)
            {
                x.AddError("--timeout takes 1 to 86400 seconds.");
            }
        });
        command.SetAction((parsed, cancellationToken) => EmbeddedRun.RunAsync(
            new EmbeddedSettings
            {
                File = parsed.GetValue(file)?.FullName ?? Path.Combine(EmbeddedSettings.SampleFolder, "disputes.jsonl"),
                Data = parsed.GetValue(data)!.FullName,
                Fresh = parsed.GetValue(fresh),
                Serve = parsed.GetValue(serve),
                Url = parsed.GetValue(url),
                Timeline = parsed.GetValue(timeline),
                Timeout = TimeSpan.FromSeconds(parsed.GetValue(timeout)),
                Submit = !parsed.GetValue(submit),
            },
            cancellationToken));
        return command;
    }
}
