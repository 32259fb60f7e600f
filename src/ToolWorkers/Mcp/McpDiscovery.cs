using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.ToolWorkers.Manifests;

namespace Pipeline.ToolWorkers.Mcp;

/// <summary>
/// Writes the manifests of the tools that MCP servers offer, for people to review and commit: orchestrator and workers read the same reviewed
/// words, and what a server says later changes nothing by itself.
/// </summary>
internal sealed class McpDiscovery(string toolsDirectory, bool writes)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly List<string> _problems = [];
    private readonly List<string> _report = [];

    public IReadOnlyList<string> Problems => _problems;

    /// <summary>What was found, a line for each tool.</summary>
    public IReadOnlyList<string> Report => _report;

    /// <summary>True where the directory is not what the servers say.</summary>
    public bool HasChanges { get; private set; }

    public void Add(McpServerDeclaration server, IReadOnlyDictionary<string, McpRemoteTool> tools)
    {
        var written = new HashSet<string>(StringComparer.Ordinal);
        foreach (var tool in tools.Values.OrderBy(x => x.Name, StringComparer.Ordinal))
        {
            if (!server.Takes(tool.Name))
            {
                _report.Add($"{server.Name}: '{tool.Name}' is left out (include, exclude)");
                continue;
            }

            var name = NameOf(server, tool.Name);
            if (!written.Add(name))
            {
                _problems.Add($"{server.File}: two tools would both be '{name}', one of them '{tool.Name}'. Exclude one.");
                continue;
            }

            Write(server, tool, name);
        }

        foreach (var unknown in server.Tools.Keys.Where(x => !tools.ContainsKey(x)))
        {
            _problems.Add($"{server.File}: $.tools.{unknown}: the server has no tool of this name. It has: {string.Join(", ", tools.Keys.Order(StringComparer.Ordinal))}.");
        }

        FindGone(server, written);
    }

    private void Write(McpServerDeclaration server, McpRemoteTool tool, string name)
    {
        var file = Path.Combine(toolsDirectory, $"{name}.json");
        var before = File.Exists(file) ? File.ReadAllText(file) : null;
        if (before is not null && ServerOf(before) != server.Name)
        {
            _problems.Add($"{file}: is not a tool of the MCP server '{server.Name}'; it is not overwritten. Give the server another prefix.");
            return;
        }

        var dropped = new List<string>();
        var text = Manifest(server, tool, name, dropped).ToJsonString(Indented) + "\n";
        var found = _problems.Count;
        using (var document = JsonDocument.Parse(text))
        {
            new ToolManifestReader($"{server.File} → {name}", _problems).Read(document.RootElement);
        }

        if (_problems.Count > found)
        {
            return;
        }

        var what = before is null ? "new" : before == text ? "unchanged" : "changed";
        HasChanges |= what != "unchanged";
        _report.Add($"{server.Name}: '{tool.Name}' → {name}.json, {what}{(dropped.Count == 0 ? "" : $"; left to the server to check: {string.Join(", ", dropped.Distinct())}")}");
        if (writes && what != "unchanged")
        {
            File.WriteAllText(file, text);
        }
    }

    private static JsonObject Manifest(McpServerDeclaration server, McpRemoteTool tool, string name, List<string> dropped)
    {
        var manifest = new JsonObject
        {
            ["name"] = name,
            ["description"] = string.IsNullOrWhiteSpace(tool.Description) ? $"The tool {tool.Name} of {server.Name}." : tool.Description,
            ["parameters"] = ParameterSchema.Supported(JsonNode.Parse(tool.Schema.GetRawText()), dropped),
        };
        foreach (var members in new[] { server.Defaults, server.Tools.GetValueOrDefault(tool.Name) }.Where(x => x.ValueKind == JsonValueKind.Object))
        {
            foreach (var member in members.EnumerateObject())
            {
                manifest[member.Name] = JsonNode.Parse(member.Value.GetRawText());
            }
        }

        // Last: no override may say that it is another tool.
        manifest["mcp"] = new JsonObject { ["server"] = server.Name, ["tool"] = tool.Name, ["hash"] = tool.Hash };
        return manifest;
    }

    private void FindGone(McpServerDeclaration server, HashSet<string> written)
    {
        foreach (var file in Directory.EnumerateFiles(toolsDirectory, "*.json").Where(x => !written.Contains(Path.GetFileNameWithoutExtension(x))))
        {
            if (new FileInfo(file).Length < 1024 * 1024 && ServerOf(File.ReadAllText(file)) == server.Name)
            {
                HasChanges = true;
                _report.Add($"{server.Name}: {Path.GetFileName(file)} is of no tool that is taken any more. Remove it, and the tool from the agents.");
            }
        }
    }

    private static string NameOf(McpServerDeclaration server, string tool) =>
        server.Prefix + string.Concat(tool.ToLowerInvariant().Select(x => char.IsAsciiLetterLower(x) || char.IsAsciiDigit(x) || x is '_' or '-' ? x : '_'));

    private static string? ServerOf(string manifest)
    {
        try
        {
            return JsonNode.Parse(manifest)?["mcp"]?["server"]?.GetValue<string>();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            return null;
        }
    }
}
