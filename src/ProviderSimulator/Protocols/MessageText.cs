using System.Text;
using System.Text.Json;

namespace Pipeline.ProviderSimulator.Protocols;

/// <summary>Both protocols write text as a string or as a list of parts with a <c>text</c>.</summary>
internal static class MessageText
{
    /// <summary>Null if the value is neither.</summary>
    public static string? Read(JsonElement content)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            return content.GetString();
        }

        if (content.ValueKind is JsonValueKind.Null)
        {
            return "";
        }

        if (content.ValueKind != JsonValueKind.Array)
        {
            return null;
        }

        var text = new StringBuilder();
        foreach (JsonElement part in content.EnumerateArray())
        {
            if (part.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            if (Member(part, "text") is { ValueKind: JsonValueKind.String } value)
            {
                text.Append(text.Length > 0 ? "\n" : "").Append(value.GetString());
            }
        }

        return text.ToString();
    }

    public static JsonElement? Member(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) ? value : null;

    /// <summary>Null if the member is missing or no string.</summary>
    public static string? StringMember(JsonElement element, string name) =>
        Member(element, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;
}
