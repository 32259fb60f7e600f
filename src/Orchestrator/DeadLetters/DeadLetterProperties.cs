using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Orchestrator.DeadLetters;

/// <summary>What came with the body, as text.</summary>
internal sealed record DeadLetterProperties(string? MessageId, string? CorrelationId, string? ReplyTo, long Timestamp, IReadOnlyDictionary<string, string> Headers);

[JsonSerializable(typeof(DeadLetterProperties))]
[JsonSerializable(typeof(DeadLetterFilter))]
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
internal sealed partial class DeadLetterJson : JsonSerializerContext
{
    public static DeadLetterJson Stored => Default;
}
