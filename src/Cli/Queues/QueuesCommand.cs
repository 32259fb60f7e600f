using System.CommandLine;
using Pipeline.Cli.Api;

namespace Pipeline.Cli.Queues;

/// <summary><c>pipeline queues</c>: how deep they are and whether new work is admitted.</summary>
internal static class QueuesCommand
{
    public static Command Create(ApiOptions api)
    {
        var watch = new Option<bool>("--watch") { Description = "Again every two seconds, until interrupted." };
        var command = new Command("queues", "Shows the queues: ready messages, consumers, open invocations against their cap, admission.") { watch };
        command.SetAction((parsed, cancellationToken) => api.RunAsync(parsed, async (client, token) =>
        {
            using var timer = new PeriodicTimer(TimeSpan.FromSeconds(2));
            do
            {
                var queues = await client.GetAsync("queues", token);
                if (api.Json(parsed))
                {
                    Screen.Json(queues);
                }
                else
                {
                    Screen.Table(queues, "queue", "ready", "consumers", "open", "cap", "admission", "retryAfterSeconds", "drainPerSecond");
                }
            }
            while (parsed.GetValue(watch) && await timer.WaitForNextTickAsync(token));
            return ExitCode.Ok;
        }, cancellationToken));
        return command;
    }
}
