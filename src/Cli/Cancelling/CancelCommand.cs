using System.CommandLine;
using Pipeline.Cli.Api;

namespace Pipeline.Cli.Cancelling;

/// <summary><c>pipeline cancel</c>.</summary>
internal static class CancelCommand
{
    public static Command Create(ApiOptions api)
    {
        var id = new Argument<Guid>("id") { Description = "The invocation." };
        var command = new Command("cancel", "Asks for an invocation's end; nothing happens where it has ended already. Watch it to see the end.") { id };
        command.SetAction((parsed, cancellationToken) => api.RunAsync(parsed, async (client, token) =>
        {
            var answer = await client.SendAsync(HttpMethod.Delete, $"invocations/{parsed.GetValue(id)}", null, token);
            if (api.Json(parsed))
            {
                Screen.Json(answer);
            }
            else
            {
                Console.Out.WriteLine($"{parsed.GetValue(id)} {(PipelineApi.Text(answer, "endedAt") is null ? "cancel requested" : $"had ended: {PipelineApi.Text(answer, "state")}")}");
            }

            return ExitCode.Ok;
        }, cancellationToken));
        return command;
    }
}
