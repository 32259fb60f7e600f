using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Pipeline.ToolWorkers.Mcp;

/// <summary>
/// What a server says of a tool (name, description, schema), as one hash: whoever reviewed it is told when the server says something else,
/// before a model reads it or a call is made. The order of JSON members does not count.
/// </summary>
internal static class ToolFingerprint
{
    private const string Prefix = "sha256:";

    public static string Of(string name, string? description, JsonElement schema)
    {
        var all = new JsonObject
        {
            ["name"] = name,
            ["description"] = description,
            ["schema"] = Sorted(schema),
        };
        return Prefix + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all.ToJsonString())));
    }

    public static bool IsWellFormed(string hash) => hash.StartsWith(Prefix, StringComparison.Ordinal) && hash.Length == Prefix.Length + 64 && hash[Prefix.Length..].All(char.IsAsciiHexDigitLower);

    private static JsonNode? Sorted(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => new JsonObject(value.EnumerateObject().OrderBy(x => x.Name, StringComparer.Ordinal).Select(x => KeyValuePair.Create(x.Name, Sorted(x.Value)))),
        JsonValueKind.Array => new JsonArray([.. value.EnumerateArray().Select(Sorted)]),
        JsonValueKind.Undefined => null,
        _ => JsonNode.Parse(value.GetRawText()),
    };
}
