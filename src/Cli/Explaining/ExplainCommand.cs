using System.CommandLine;
using System.Text.Json;
using Pipeline.Cli.Api;

namespace Pipeline.Cli.Explaining;

/// <summary><c>pipeline explain</c>: where an invocation's time and tokens went, and what it waits for.</summary>
internal static class ExplainCommand
{
    public static Command Create(ApiOptions api)
    {
        var id = new Argument<Guid>("id") { Description = "The invocation." };
        var command = new Command("explain", "Explains an invocation: turns, waits and why, retries, breakers and fallbacks, tokens, what it waits for now and what to do.") { id };
        command.SetAction((parsed, cancellationToken) => api.RunAsync(parsed, async (client, token) =>
        {
            var explanation = await client.GetAsync($"invocations/{parsed.GetValue(id)}/explanation", token);
            if (api.Json(parsed))
            {
                Screen.Json(explanation);
            }
            else
            {
                Console.Out.Write(ExplanationPage.Render(Read(explanation)));
            }

            return ExitCode.Ok;
        }, cancellationToken));
        return command;
    }

    private static Contracts.Explanations.InvocationExplanation Read(JsonElement explanation)
    {
        try
        {
            return explanation.Deserialize(CliJson.Default.InvocationExplanation) ?? throw new JsonException("It is null.");
        }
        catch (JsonException e)
        {
            throw new CommandFailedException(ExitCode.Unreachable, $"The explanation has a shape that this version does not know: {e.Message}. Use --json, or a newer pipeline.");
        }
    }
}
