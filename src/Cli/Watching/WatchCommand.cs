using System.CommandLine;
using Pipeline.Cli.Api;
using Pipeline.Contracts.Invocations;

namespace Pipeline.Cli.Watching;

/// <summary><c>pipeline watch</c>: the events of one invocation as they happen, to its end.</summary>
internal static class WatchCommand
{
    public static Command Create(ApiOptions api)
    {
        var id = new Argument<Guid>("id") { Description = "The invocation." };
        var command = new Command("watch", "Shows an invocation's events as they happen; ends with it. Exit code 1 where it ended badly.") { id };
        command.SetAction((parsed, cancellationToken) => api.RunAsync(parsed, (client, token) => RunAsync(client, parsed.GetValue(id), api.Json(parsed), token), cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(PipelineApi client, Guid id, bool json, CancellationToken cancellationToken)
    {
        var last = "";
        await foreach (var read in new EventStream(client, TimeProvider.System).ReadAsync(id.ToString(), cancellationToken))
        {
            last = read.Name;
            if (json)
            {
                Screen.Json(read.Data);
                continue;
            }

            var details = PipelineApi.Text(read.Data, "output") ?? PipelineApi.Text(read.Data, "state") ?? PipelineApi.Text(read.Data, "details");
            var code = PipelineApi.Text(read.Data, "code") is { } text ? $"{text}: {Screen.Plain(PipelineApi.Text(read.Data, "reason"))} " : "";
            Console.Out.WriteLine($"{PipelineApi.Text(read.Data, "at"),-33} {read.Id,4} {Screen.State(read.Name)} {code}{Screen.Plain(details)}".TrimEnd());
        }

        return last == InvocationEventName.Completed ? ExitCode.Ok : ExitCode.EndedBadly;
    }
}
