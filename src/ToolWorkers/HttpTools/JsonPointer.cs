using System.Globalization;
using System.Text.Json;

namespace Pipeline.ToolWorkers.HttpTools;

/// <summary>RFC 6901: <c>/rates/0/value</c> names a place in a JSON document.</summary>
internal static class JsonPointer
{
    public static bool IsWellFormed(string pointer) =>
        pointer.Length == 0 || (pointer[0] == '/' && !pointer.Where((x, at) => x == '~' && (at + 1 == pointer.Length || pointer[at + 1] is not ('0' or '1'))).Any());

    public static bool TryFind(JsonElement root, string pointer, out JsonElement found)
    {
        found = root;
        foreach (var token in pointer.Split('/').Skip(1).Select(x => x.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal)))
        {
            switch (found.ValueKind)
            {
                case JsonValueKind.Object when found.TryGetProperty(token, out var member):
                    found = member;
                    break;
                case JsonValueKind.Array when int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < found.GetArrayLength():
                    found = found[index];
                    break;
                default:
                    return false;
            }
        }

        return true;
    }
}
