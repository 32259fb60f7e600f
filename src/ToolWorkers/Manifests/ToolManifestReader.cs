using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.ToolWorkers.HttpTools;
using Pipeline.ToolWorkers.Mcp;

namespace Pipeline.ToolWorkers.Manifests;

/// <summary>Reads one manifest and reports every problem with file, JSON path and the way out.</summary>
internal sealed partial class ToolManifestReader(string file, List<string> problems)
{
    private static readonly string[] Members =
        ["name", "description", "parameters", "effects", "timeoutSeconds", "concurrency", "truncateResult", "fallback", "onFailure", "breaker", "http", "mcp"];

    private readonly ManifestMembers _members = new(file, problems);

    /// <returns>Null where a problem was reported.</returns>
    public ToolManifest? Read(JsonElement root)
    {
        var before = problems.Count;
        if (root.ValueKind != JsonValueKind.Object)
        {
            _members.Report("$", $"is {ManifestMembers.Describe(root)}, not a JSON object. Write {{\"name\": …, \"description\": …, …}}.");
            return null;
        }

        _members.RefuseUnknown(root, "$", Members);
        var manifest = new ToolManifest
        {
            File = file,
            Name = ReadName(root),
            Description = _members.Text(root, "description", 4096),
            Parameters = ReadParameters(root),
            Effects = ReadEffects(root),
            Timeout = TimeSpan.FromSeconds(_members.Number(root, "$", "timeoutSeconds", 0.05, 600, 5)),
            Concurrency = _members.Integer(root, "$", "concurrency", 1, 1000, 16),
            TruncateResult = _members.Flag(root, "truncateResult"),
            Fallback = new FallbackReader(_members).Read(root),
            FallbackOnFailure = ReadOnFailure(root),
            Breaker = new BreakerReader(_members).Read(root),
            Http = new HttpToolReader(root.TryGetProperty("parameters", out var parameters) ? parameters : default, _members.Report).Read(root),
            Mcp = McpToolReader.Read(root, _members.Report),
        };
        if (manifest is { Http: not null, Mcp: not null })
        {
            _members.Report("$.mcp", "stands beside 'http'. A tool is one or the other: remove one of the two.");
        }

        return problems.Count == before ? manifest : null;
    }

    private string ReadName(JsonElement root)
    {
        var name = _members.Text(root, "name", 64);
        if (name.Length > 0 && !ToolName().IsMatch(name))
        {
            _members.Report("$.name", $"is '{name}'. Use up to 64 of a–z, 0–9, '_' and '-', beginning with a letter: it becomes the queue 'tool.{name}' and the model's word for the tool.");
        }

        return name;
    }

    private JsonElement ReadParameters(JsonElement root)
    {
        if (!root.TryGetProperty("parameters", out var parameters))
        {
            _members.Report("$.parameters", "is missing. Write the JSON Schema of the arguments, e.g. {\"type\": \"object\", \"properties\": {}, \"additionalProperties\": false}.");
            return default;
        }

        ParameterSchema.Check(parameters, _members.Report);
        return parameters.Clone();
    }

    private ToolEffects ReadEffects(JsonElement root)
    {
        const string wayOut = "Declare ReadOnly (changes nothing), Idempotent (may be repeated with the same call id) or OnceOnly (must not run twice).";
        if (!root.TryGetProperty("effects", out var effects))
        {
            _members.Report("$.effects", $"is missing. {wayOut}");
            return ToolEffects.None;
        }

        switch (effects.ValueKind == JsonValueKind.String ? effects.GetString() : null)
        {
            case nameof(ToolEffects.ReadOnly):
                return ToolEffects.ReadOnly;
            case nameof(ToolEffects.Idempotent):
                return ToolEffects.Idempotent;
            case nameof(ToolEffects.OnceOnly):
                return ToolEffects.OnceOnly;
            default:
                _members.Report("$.effects", $"is {ManifestMembers.Describe(effects)}. {wayOut}");
                return ToolEffects.None;
        }
    }

    private bool ReadOnFailure(JsonElement root)
    {
        if (!root.TryGetProperty("onFailure", out var value))
        {
            return false;
        }

        var text = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        if (text is not ("error" or "fallback"))
        {
            _members.Report("$.onFailure", $"is {ManifestMembers.Describe(value)}. Write \"error\" (the model is told of the failure; the default) or \"fallback\".");
        }

        return text == "fallback";
    }

    [GeneratedRegex("^[a-z][a-z0-9_-]{0,63}$")]
    private static partial Regex ToolName();
}
