using System.Text;

namespace Pipeline.Benchmarks.Waiting;

/// <summary>
/// A model of two pools that speaks OpenAI's chat completions. It asks for the pool's tool, and once it sees a result it answers. Where the model is
/// what is waited for, the held pool's answers nothing until the release.
/// </summary>
internal static class WaitingModel
{
    /// <summary>Set where the model, not the tool, holds.</summary>
    public const string HoldsVariable = "WAITING_FOR_MODEL";

    private static readonly bool Holds = Environment.GetEnvironmentVariable(HoldsVariable) is "1";

    public static void Map(WebApplication app) => app.MapPost("/v1/chat/completions", async context =>
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var body = await reader.ReadToEndAsync(context.RequestAborted);
        var isHeld = body.Contains($"\"{WaitingAgents.HeldTool}\"", StringComparison.Ordinal);
        if (isHeld && Holds)
        {
            await Release.WaitAsync(context.RequestAborted);
        }

        await context.Response.WriteAsJsonAsync(new
        {
            id = "c",
            @object = "chat.completion",
            created = 1,
            model = "none",
            choices = new[] { body.Contains("\"role\":\"tool\"", StringComparison.Ordinal) ? Finish() : Ask(isHeld ? WaitingAgents.HeldTool : WaitingAgents.PromptTool) },
            usage = new { prompt_tokens = 40, completion_tokens = 10, total_tokens = 50 },
        }, context.RequestAborted);
    });

    private static object Finish() => new { index = 0, finish_reason = "stop", message = new { role = "assistant", content = "Done." } };

    private static object Ask(string tool) => new
    {
        index = 0,
        finish_reason = "tool_calls",
        message = new { role = "assistant", content = (string?)null, tool_calls = new[] { new { id = "t1", type = "function", function = new { name = tool, arguments = "{}" } } } },
    };
}
