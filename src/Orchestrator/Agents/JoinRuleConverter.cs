using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.Orchestrator.Agents;

/// <summary>Reads <c>"all"</c>, <c>"allSettled"</c>, <c>"firstSuccess"</c> or <c>{"atLeast": k}</c>.</summary>
internal sealed class JoinRuleConverter : JsonConverter<JoinRule>
{
    private const string WayOut = "Write \"allSettled\", \"all\", \"firstSuccess\" or {\"atLeast\": k} with a whole k of at least 1.";

    // A null that was never read would be an agent without a rule.
    public override bool HandleNull => true;

    public override JoinRule Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var value = JsonDocument.ParseValue(ref reader);
        var root = value.RootElement;
        var rule = root.ValueKind switch
        {
            JsonValueKind.String => root.GetString() switch
            {
                "allSettled" => JoinRule.AllSettled,
                "all" => new JoinRule(JoinKind.All),
                "firstSuccess" => new JoinRule(JoinKind.AtLeast, 1),
                _ => null,
            },
            JsonValueKind.Object when root.EnumerateObject().Count() == 1
                && root.TryGetProperty("atLeast", out var count) && count.ValueKind == JsonValueKind.Number && count.TryGetInt32(out var number) && number >= 1
                => new JoinRule(JoinKind.AtLeast, number),
            _ => null,
        };
        return rule ?? throw new JsonException($"fanOut.join is '{root.GetRawText()}'. {WayOut}");
    }

    public override void Write(Utf8JsonWriter writer, JoinRule value, JsonSerializerOptions options)
    {
        if (value is { Kind: JoinKind.AtLeast, Count: not 1 })
        {
            writer.WriteStartObject();
            writer.WriteNumber("atLeast", value.Count);
            writer.WriteEndObject();
            return;
        }

        writer.WriteStringValue(value.ToString());
    }
}
