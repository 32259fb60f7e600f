using System.Buffers;
using System.Text;

namespace Pipeline.Benchmarks.Invocations;

/// <summary>
/// A model that speaks OpenAI's chat completions and thinks nothing: it asks for both tools, and once it sees a tool's result it answers.
/// </summary>
internal static class ModelEndpoint
{
    private static readonly byte[] ToolResult = Encoding.UTF8.GetBytes("\"role\":\"tool\"");

    private static readonly byte[] AskTools = Encoding.UTF8.GetBytes($$$"""
        {"id":"c1","object":"chat.completion","created":1,"model":"none","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":null,"tool_calls":[{"id":"t1","type":"function","function":{"name":"{{{BenchmarkAgent.FirstTool}}}","arguments":"{\"id\":\"1\"}"}},{"id":"t2","type":"function","function":{"name":"{{{BenchmarkAgent.SecondTool}}}","arguments":"{\"id\":\"2\"}"}}]}}],"usage":{"prompt_tokens":40,"completion_tokens":10,"total_tokens":50}}
        """);

    private static readonly byte[] Finish = Encoding.UTF8.GetBytes("""
        {"id":"c2","object":"chat.completion","created":1,"model":"none","choices":[{"index":0,"finish_reason":"stop","message":{"role":"assistant","content":"Done."}}],"usage":{"prompt_tokens":80,"completion_tokens":3,"total_tokens":83}}
        """);

    /// <summary>Milliseconds that the model thinks, as an environment variable; none where absent.</summary>
    public const string DelayVariable = "BENCHMARK_MODEL_DELAY_MS";

    private static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(int.TryParse(Environment.GetEnvironmentVariable(DelayVariable), out var milliseconds) ? milliseconds : 0);

    public static void Map(WebApplication app) => app.MapPost("/v1/chat/completions", async context =>
    {
        await Task.Delay(Delay, context.RequestAborted);
        using var body = new MemoryStream();
        await context.Request.BodyReader.CopyToAsync(body, context.RequestAborted);
        var answer = body.GetBuffer().AsSpan(0, (int)body.Length).IndexOf(ToolResult) >= 0 ? Finish : AskTools;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = answer.Length;
        context.Response.BodyWriter.Write(answer);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    });
}
