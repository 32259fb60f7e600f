using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.ToolCalls;

namespace Pipeline.Orchestrator.Invocations;

internal sealed record AcceptedPayload(JsonElement Input);

internal sealed record ModelAnsweredPayload(string? Text, IReadOnlyList<ToolCallRequest>? ToolCalls, string? FinishReason, TokenUsage Usage, string? Model, string? Provider, bool Degraded, CompletionEffort? Effort = null);

internal sealed record ModelFailedPayload(string Code, string Reason, CompletionEffort? Effort = null);

internal sealed record ToolResultPayload(int Index, string Tool, string Result, bool Fallback, string? FallbackCode, bool Truncated, double DurationMs, double? WorkerMs = null, string? Circuit = null, bool Redelivered = false, DateTimeOffset? AsOf = null, string? AnsweredBy = null);

internal sealed record ToolFailedPayload(int Index, string Tool, string Code, string Reason, double DurationMs, double? WorkerMs = null, string? Circuit = null, bool Redelivered = false);

internal sealed record CallsNotAwaitedPayload(IReadOnlyList<int> Calls, string Code, string Reason);

internal sealed record EndedPayload(string? Output, string? Code, string? Reason, bool Degraded);

/// <summary>Stored rows must stay readable: members are only added, and always optional.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(AcceptedPayload))]
[JsonSerializable(typeof(ModelAnsweredPayload))]
[JsonSerializable(typeof(ModelFailedPayload))]
[JsonSerializable(typeof(ToolResultPayload))]
[JsonSerializable(typeof(ToolFailedPayload))]
[JsonSerializable(typeof(CallsNotAwaitedPayload))]
[JsonSerializable(typeof(EndedPayload))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
internal sealed partial class TimelineJson : JsonSerializerContext
{
    /// <summary>
    /// Writes quotes inside strings as two characters, not six: most payloads carry JSON within JSON. Never shown as HTML unescaped.
    /// </summary>
    public static TimelineJson Stored { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
