using System.Text.Json.Serialization;

namespace Pipeline.Contracts.Completions;

/// <summary>Who speaks. By name on the wire.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ConversationRole>))]
public enum ConversationRole
{
    None = 0,
    User = 1,
    Assistant = 2,
    Tool = 3,
}
