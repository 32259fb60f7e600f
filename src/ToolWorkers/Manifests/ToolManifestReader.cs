using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.ToolWorkers.Fallbacks;
using Pipeline.ToolWorkers.HttpTools;
using Pipeline.ToolWorkers.Mcp;

namespace Pipeline.ToolWorkers.Manifests;

/// <summary>Reads one manifest and reports every problem with file, JSON path and the way out.</summary>
internal sealed partial class ToolManifestReader(string file, List<string> problems)
{
    private static readonly string[] Members =
        ["name", "description", "parameters", "effects", "timeoutSeconds", "concurrency", "truncateResult", "fallback", "onFailure", "breaker", "http", "mcp"];

    private static readonly string[] BreakerMembers =
        ["failureRatio", "slowCallRatio", "slowCallSeconds", "minimumThroughput", "samplingSeconds", "breakSeconds", "breakGrowth", "maxBreakSeconds"];

    /// <returns>Null where a problem was reported.</returns>
    public ToolManifest? Read(JsonElement root)
    {
        var before = problems.Count;
        if (root.ValueKind != JsonValueKind.Object)
        {
            Report("$", $"is {Describe(root)}, not a JSON object. Write {{\"name\": …, \"description\": …, …}}.");
            return null;
        }

        RefuseUnknown(root, "$", Members);
        var manifest = new ToolManifest
        {
            File = file,
            Name = ReadName(root),
            Description = ReadText(root, "description", 4096),
            Parameters = ReadParameters(root),
            Effects = ReadEffects(root),
            Timeout = TimeSpan.FromSeconds(ReadNumber(root, "$", "timeoutSeconds", 0.05, 600, 5)),
            Concurrency = ReadInteger(root, "$", "concurrency", 1, 1000, 16),
            TruncateResult = ReadFlag(root, "truncateResult"),
            Fallback = ReadFallback(root),
            FallbackOnFailure = ReadOnFailure(root),
            Breaker = ReadBreaker(root),
            Http = new HttpToolReader(root.TryGetProperty("parameters", out var parameters) ? parameters : default, Report).Read(root),
            Mcp = McpToolReader.Read(root, Report),
        };
        if (manifest is { Http: not null, Mcp: not null })
        {
            Report("$.mcp", "stands beside 'http'. A tool is one or the other: remove one of the two.");
        }

        return problems.Count == before ? manifest : null;
    }

    private string ReadName(JsonElement root)
    {
        var name = ReadText(root, "name", 64);
        if (name.Length > 0 && !ToolName().IsMatch(name))
        {
            Report("$.name", $"is '{name}'. Use up to 64 of a–z, 0–9, '_' and '-', beginning with a letter: it becomes the queue 'tool.{name}' and the model's word for the tool.");
        }

        return name;
    }

    private JsonElement ReadParameters(JsonElement root)
    {
        if (!root.TryGetProperty("parameters", out var parameters))
        {
            Report("$.parameters", "is missing. Write the JSON Schema of the arguments, e.g. {\"type\": \"object\", \"properties\": {}, \"additionalProperties\": false}.");
            return default;
        }

        ParameterSchema.Check(parameters, Report);
        return parameters.Clone();
    }

    private ToolEffects ReadEffects(JsonElement root)
    {
        const string wayOut = "Declare ReadOnly (changes nothing), Idempotent (may be repeated with the same call id) or OnceOnly (must not run twice).";
        if (!root.TryGetProperty("effects", out var effects))
        {
            Report("$.effects", $"is missing. {wayOut}");
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
                Report("$.effects", $"is {Describe(effects)}. {wayOut}");
                return ToolEffects.None;
        }
    }

    private ToolFallback ReadFallback(JsonElement root)
    {
        const string wayOut = "Declare {\"kind\": \"fixed\", \"result\": …}, {\"kind\": \"message\", \"text\": \"…\"}, {\"kind\": \"lastGood\", \"maxAgeSeconds\": …, \"otherwise\": …} or {\"kind\": \"tool\", \"tool\": \"…\", \"otherwise\": …}: it answers while the tool's circuit is open.";
        var none = new ToolFallback(ToolFallbackKind.None, "");
        if (!root.TryGetProperty("fallback", out var fallback))
        {
            Report("$.fallback", $"is missing; a tool without a fallback is not started. {wayOut}");
            return none;
        }

        var kind = fallback.ValueKind == JsonValueKind.Object && fallback.TryGetProperty("kind", out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
        switch (kind)
        {
            case "fixed":
                RefuseUnknown(fallback, "$.fallback", ["kind", "result"]);
                if (fallback.TryGetProperty("result", out var result))
                {
                    return new ToolFallback(ToolFallbackKind.Fixed, result.GetRawText());
                }

                Report("$.fallback.result", "is missing. Write the result that answers in the tool's place, in the shape of the tool's own.");
                return none;
            case "message":
                RefuseUnknown(fallback, "$.fallback", ["kind", "text"]);
                if (fallback.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String && !string.IsNullOrWhiteSpace(text.GetString()))
                {
                    return new ToolFallback(ToolFallbackKind.Message, text.GetString() ?? "");
                }

                Report("$.fallback.text", "is missing or empty. Write what the model should know and do while the tool is unavailable.");
                return none;
            case "lastGood":
                RefuseUnknown(fallback, "$.fallback", ["kind", "maxAgeSeconds", "otherwise"]);
                RequireMember(fallback, "maxAgeSeconds", "Write the age in seconds beyond which a result is not used.");
                return new ToolFallback(ToolFallbackKind.LastGood, ReadOtherwise(fallback))
                {
                    MaxAge = TimeSpan.FromSeconds(ReadNumber(fallback, "$.fallback", "maxAgeSeconds", 1, LastGoodResults.MaxAge.TotalSeconds, 1)),
                };
            case "tool":
                RefuseUnknown(fallback, "$.fallback", ["kind", "tool", "otherwise"]);
                if (fallback.TryGetProperty("tool", out var other) && other.ValueKind == JsonValueKind.String && !string.IsNullOrEmpty(other.GetString()))
                {
                    return new ToolFallback(ToolFallbackKind.Tool, ReadOtherwise(fallback)) { Tool = other.GetString() };
                }

                Report("$.fallback.tool", "is missing. Write the name of the tool that answers instead; it gets the same arguments.");
                return none;
            default:
                Report("$.fallback.kind", $"is {(kind is null ? "missing" : $"'{kind}'")}. {wayOut}");
                return none;
        }
    }

    /// <summary>What answers where a last good result or another tool does not: never nothing.</summary>
    private string ReadOtherwise(JsonElement fallback)
    {
        const string wayOut = "Declare what answers where this fallback has nothing: {\"kind\": \"message\", \"text\": \"…\"} or {\"kind\": \"fixed\", \"result\": …}.";
        if (!fallback.TryGetProperty("otherwise", out var otherwise) || otherwise.ValueKind != JsonValueKind.Object)
        {
            Report("$.fallback.otherwise", $"is missing. {wayOut}");
            return "";
        }

        RefuseUnknown(otherwise, "$.fallback.otherwise", ["kind", "text", "result"]);
        var kind = otherwise.TryGetProperty("kind", out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        if (kind == "fixed" && otherwise.TryGetProperty("result", out var result))
        {
            return result.GetRawText();
        }

        if (kind == "message" && otherwise.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String && !string.IsNullOrWhiteSpace(text.GetString()))
        {
            return text.GetString() ?? "";
        }

        Report("$.fallback.otherwise", $"is {Describe(otherwise)}. {wayOut}");
        return "";
    }

    private void RequireMember(JsonElement parent, string member, string wayOut)
    {
        if (!parent.TryGetProperty(member, out _))
        {
            Report($"$.fallback.{member}", $"is missing. {wayOut}");
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
            Report("$.onFailure", $"is {Describe(value)}. Write \"error\" (the model is told of the failure; the default) or \"fallback\".");
        }

        return text == "fallback";
    }

    private BreakerSettings ReadBreaker(JsonElement root)
    {
        if (!root.TryGetProperty("breaker", out var breaker))
        {
            return new BreakerSettings();
        }

        if (breaker.ValueKind != JsonValueKind.Object)
        {
            Report("$.breaker", $"is {Describe(breaker)}, not an object. Write {{\"failureRatio\": 0.5, \"minimumThroughput\": 5, \"samplingSeconds\": 30, \"breakSeconds\": 5}}.");
            return new BreakerSettings();
        }

        RefuseUnknown(breaker, "$.breaker", BreakerMembers);
        var breakSeconds = ReadNumber(breaker, "$.breaker", "breakSeconds", 0.5, 3600, 1);
        // A break that was declared is not shortened by the default of a limit that was not.
        var maxBreakSeconds = ReadNumber(breaker, "$.breaker", "maxBreakSeconds", 0.5, 3600, Math.Max(2, breakSeconds));
        if (maxBreakSeconds < breakSeconds)
        {
            Report("$.breaker.maxBreakSeconds", $"is less than breakSeconds. Write at least {breakSeconds}.");
        }

        return new BreakerSettings
        {
            FailureRatio = ReadNumber(breaker, "$.breaker", "failureRatio", 0.01, 1, 0.5),
            SlowCallRatio = ReadNumber(breaker, "$.breaker", "slowCallRatio", 0.01, 1, 0.8),
            SlowCall = breaker.TryGetProperty("slowCallSeconds", out _) ? TimeSpan.FromSeconds(ReadNumber(breaker, "$.breaker", "slowCallSeconds", 0.01, 600, 1)) : null,
            MinimumThroughput = ReadInteger(breaker, "$.breaker", "minimumThroughput", 2, 100_000, 5),
            Sampling = TimeSpan.FromSeconds(ReadNumber(breaker, "$.breaker", "samplingSeconds", 0.5, 3600, 30)),
            Break = TimeSpan.FromSeconds(breakSeconds),
            BreakGrowth = ReadNumber(breaker, "$.breaker", "breakGrowth", 1, 10, 2),
            MaxBreak = TimeSpan.FromSeconds(maxBreakSeconds),
        };
    }

    private string ReadText(JsonElement root, string member, int maxLength)
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

    private double ReadNumber(JsonElement parent, string path, string member, double min, double max, double whenAbsent)
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

    private int ReadInteger(JsonElement parent, string path, string member, int min, int max, int whenAbsent)
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

    private bool ReadFlag(JsonElement root, string member)
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

    private void RefuseUnknown(JsonElement parent, string path, string[] known)
    {
        // A misspelt "onFaliure" that is silently skipped would be found out in production.
        foreach (var member in parent.EnumerateObject().Where(x => !known.Contains(x.Name)))
        {
            Report($"{path}.{member.Name}", $"is not a member of a tool manifest. Known here: {string.Join(", ", known)}.");
        }
    }

    private void Report(string path, string problem) => problems.Add($"{file}: {path}: {problem}");

    private static string Describe(JsonElement value)
    {
        var text = value.GetRawText();
        return $"'{(text.Length > 80 ? text[..80] + "…" : text)}'";
    }

    [GeneratedRegex("^[a-z][a-z0-9_-]{0,63}$")]
    private static partial Regex ToolName();
}
