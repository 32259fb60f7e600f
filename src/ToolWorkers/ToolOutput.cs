using System.Text.Json;

namespace Pipeline.ToolWorkers;

/// <summary>What a tool answers.</summary>
/// <param name="Content">The content for the model, JSON or text.</param>
public sealed record ToolOutput(string Content)
{
    /// <summary>The tool's result, as camelCase JSON.</summary>
    public static ToolOutput Json<T>(T result) => new(JsonSerializer.Serialize(result, JsonSerializerOptions.Web));

    /// <summary>A refusal for reasons of the tool's domain: an ordinary result, for the model to act on.</summary>
    /// <param name="error">A code of the tool's own list.</param>
    /// <param name="message">What happened, the value, what to do.</param>
    public static ToolOutput Refused(string error, string message) => Json(new { error, message });
}
