using System.Text.Json;

namespace Pipeline.ToolWorkers.HttpTools;

/// <summary>Reads texts of an <c>http</c> member, and reports those that are none.</summary>
internal sealed class HttpMembers(Action<string, string> report)
{
    public IEnumerable<KeyValuePair<string, string>> Map(JsonElement http, string member)
    {
        if (!http.TryGetProperty(member, out var map))
        {
            yield break;
        }

        if (map.ValueKind != JsonValueKind.Object)
        {
            report($"$.http.{member}", "is not an object. Write {\"name\": \"value\"}.");
            yield break;
        }

        foreach (var entry in map.EnumerateObject())
        {
            if (entry.Value.ValueKind == JsonValueKind.String)
            {
                yield return new(entry.Name, entry.Value.GetString() ?? "");
            }
            else
            {
                report($"$.http.{member}.{entry.Name}", $"is '{entry.Value}'. Write a text.");
            }
        }
    }

    public string Text(JsonElement parent, string path, string member, string whenAbsent)
    {
        if (!parent.TryGetProperty(member, out var value))
        {
            return whenAbsent;
        }

        if (value.ValueKind == JsonValueKind.String)
        {
            return value.GetString() ?? "";
        }

        report($"{path}.{member}", $"is '{value}'. Write a text.");
        return whenAbsent;
    }
}
