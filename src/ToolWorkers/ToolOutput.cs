using System.Text.Json;

namespace Pipeline.ToolWorkers;

/// <summary>What a tool answers.</summary>
/// <param name="Content">The content for the model, JSON or text.</param>
public sealed record ToolOutput(string Content)
{
    /// <summary>One of <see cref="Contracts.FailureCode"/> where the call has no result; null where <see cref="Content"/> is it.</summary>
    public string? FailureCode { get; private init; }

    /// <summary>
    /// The call has no result, by no fault of the tool's: the model is told, the circuit breaker counts a call that worked. A broken tool
    /// throws instead.
    /// </summary>
    /// <param name="code">One of <see cref="Contracts.FailureCode"/>.</param>
    /// <param name="reason">What happened, the value, what to do.</param>
    public static ToolOutput Failed(string code, string reason) => new(reason) { FailureCode = code };

    /// <summary>The tool's result, as camelCase JSON.</summary>
    public static ToolOutput Json<T>(T result) => new(JsonSerializer.Serialize(result, JsonSerializerOptions.Web));

    /// <summary>A refusal for reasons of the tool's domain: an ordinary result, for the model to act on.</summary>
    /// <param name="error">A code of the tool's own list.</param>
    /// <param name="message">What happened, the value, what to do.</param>
    public static ToolOutput Refused(string error, string message) => Json(new { error, message });
}
