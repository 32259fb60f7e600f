using System.Text.Json;

namespace Pipeline.ToolWorkers.HttpTools;

/// <summary>Reads the <c>response</c> member of an HTTP tool: what of an answer is the result.</summary>
internal sealed class HttpResponseReader(JsonElement response, HttpMembers members, Action<string, string> report)
{
    private static readonly string[] Members = ["select", "as", "maxBytes"];

    public string ReadSelect()
    {
        if (response.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Object))
        {
            report("$.http.response", "is not an object. Write {\"select\": \"/data\", \"as\": \"json\", \"maxBytes\": 65536}.");
        }

        if (response.ValueKind != JsonValueKind.Object)
        {
            return "";
        }

        foreach (var member in response.EnumerateObject().Where(x => !Members.Contains(x.Name)))
        {
            report($"$.http.response.{member.Name}", $"is not a member of response. Known here: {string.Join(", ", Members)}.");
        }

        var select = members.Text(response, "$.http.response", "select", "");
        if (!JsonPointer.IsWellFormed(select))
        {
            report("$.http.response.select", $"is '{select}', not a JSON Pointer. Write e.g. /data/0/rate.");
        }

        return select;
    }

    public bool ReadAs()
    {
        var text = response.ValueKind == JsonValueKind.Object ? members.Text(response, "$.http.response", "as", "json") : "json";
        if (text is not ("json" or "text"))
        {
            report("$.http.response.as", $"is '{text}'. Write \"json\" or \"text\".");
        }

        return text == "text";
    }

    public int ReadMaxBytes()
    {
        const int whenAbsent = 256 * 1024;
        if (response.ValueKind != JsonValueKind.Object || !response.TryGetProperty("maxBytes", out var value))
        {
            return whenAbsent;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number is >= 1 and <= 8 * 1024 * 1024)
        {
            return number;
        }

        report("$.http.response.maxBytes", $"is '{value}'. Write a whole number from 1 to {8 * 1024 * 1024}.");
        return whenAbsent;
    }
}
