using System.Text.Json;

namespace Pipeline.ToolWorkers.Mcp;

/// <summary>Reads the <c>mcp</c> member of a manifest.</summary>
internal static class McpToolReader
{
    private static readonly string[] Members = ["server", "tool", "hash"];

    public static McpToolDeclaration? Read(JsonElement root, Action<string, string> report)
    {
        if (!root.TryGetProperty("mcp", out var mcp))
        {
            return null;
        }

        if (mcp.ValueKind != JsonValueKind.Object)
        {
            report("$.mcp", "is not an object. Let --discover-mcp write the file.");
            return null;
        }

        foreach (var member in mcp.EnumerateObject().Where(x => !Members.Contains(x.Name)))
        {
            report($"$.mcp.{member.Name}", $"is not a member of mcp. Known here: {string.Join(", ", Members)}.");
        }

        var declaration = new McpToolDeclaration(Text("server"), Text("tool"), Text("hash"));
        if (declaration.Hash.Length > 0 && !ToolFingerprint.IsWellFormed(declaration.Hash))
        {
            report("$.mcp.hash", $"is '{declaration.Hash}', not of the form sha256:<64 hex digits>. Let --discover-mcp write the file.");
        }

        return declaration;

        string Text(string member)
        {
            if (mcp.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text)
            {
                return text;
            }

            report($"$.mcp.{member}", "is missing or not a text. Let --discover-mcp write the file.");
            return "";
        }
    }
}
