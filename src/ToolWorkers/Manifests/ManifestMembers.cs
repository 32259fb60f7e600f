using System.Text.Json;

namespace Pipeline.ToolWorkers.Manifests;

/// <summary>Reads single members of a manifest, and reports what is wrong with one by file, JSON path and the way out.</summary>
internal sealed class ManifestMembers(string file, List<string> problems)
{
    public string Text(JsonElement root, string member, int maxLength)
    {
        if (!root.TryGetProperty(member, out var value))
        {
            Report($"$.{member}", $"is missing. Add \"{member}\": \"…\".");
            return "";
        }

        var text = value.ValueKind == JsonValueKind.String ? value.GetString() ?? "" : "";
        if (string.IsNullOrWhiteSpace(text))
        {
            Report($"$.{member}", $"is {Describe(value)}. Write a text.");
            return "";
        }

        if (text.Length > maxLength)
        {
            Report($"$.{member}", $"has {text.Length} characters; the limit is {maxLength}. Shorten it.");
        }

        return text;
    }

    public double Number(JsonElement parent, string path, string member, double min, double max, double whenAbsent)
    {
        if (!parent.TryGetProperty(member, out var value))
        {
            return whenAbsent;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= min && number <= max)
        {
            return number;
        }

        Report($"{path}.{member}", $"is {Describe(value)}. Write a number from {min} to {max}.");
        return whenAbsent;
    }

    public int Integer(JsonElement parent, string path, string member, int min, int max, int whenAbsent)
    {
        if (!parent.TryGetProperty(member, out var value))
        {
            return whenAbsent;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= min && number <= max)
        {
            return number;
        }

        Report($"{path}.{member}", $"is {Describe(value)}. Write a whole number from {min} to {max}.");
        return whenAbsent;
    }

    public bool Flag(JsonElement root, string member)
    {
        if (!root.TryGetProperty(member, out var value))
        {
            return false;
        }

        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            Report($"$.{member}", $"is {Describe(value)}. Write true or false.");
        }

        return value.ValueKind == JsonValueKind.True;
    }

    public void RefuseUnknown(JsonElement parent, string path, string[] known)
    {
        // A misspelt "onFaliure" that is silently skipped would be found out in production.
        foreach (var member in parent.EnumerateObject().Where(x => !known.Contains(x.Name)))
        {
            Report($"{path}.{member.Name}", $"is not a member of a tool manifest. Known here: {string.Join(", ", known)}.");
        }
    }

    public void Report(string path, string problem) => problems.Add($"{file}: {path}: {problem}");

    public static string Describe(JsonElement value)
    {
        var text = value.GetRawText();
        return $"'{(text.Length > 80 ? text[..80] + "…" : text)}'";
    }
}
