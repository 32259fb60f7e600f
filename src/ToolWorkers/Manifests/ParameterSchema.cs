using System.Text.Json;
using System.Text.Json.Nodes;
using NJsonSchema;

namespace Pipeline.ToolWorkers.Manifests;

/// <summary>
/// What a manifest may write in <c>parameters</c>: the part of JSON Schema that the validator really checks. A keyword it would skip
/// in silence is refused at start, and so is every reference: the validator would fetch it from files or the network.
/// </summary>
internal static class ParameterSchema
{
    private const int MaxDepth = 16;

    private static readonly string[] Annotations = ["$schema", "title", "description", "default", "examples", "deprecated"];

    private static readonly string[] Constraints =
    [
        "type", "enum", "format", "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
        "required", "minProperties", "maxProperties", "minItems", "maxItems", "uniqueItems",
    ];

    private static readonly string[] Types = ["object", "array", "string", "integer", "number", "boolean", "null"];

    private static readonly string[] Formats = ["date", "date-time", "time", "email", "hostname", "ipv4", "ipv6", "uri", "uuid"];

    private static readonly string[] SchemaLists = ["allOf", "anyOf", "oneOf"];

    private static readonly string[] SingleSchemas = ["items", "additionalProperties", "not"];

    public static void Check(JsonElement schema, Action<string, string> report)
    {
        const string path = "$.parameters";
        if (schema.ValueKind != JsonValueKind.Object || !schema.TryGetProperty("type", out var type) || type.ValueKind != JsonValueKind.String || type.GetString() != "object")
        {
            report(path, "is not an object schema. Write {\"type\": \"object\", \"properties\": {…}}: a model passes named arguments.");
            return;
        }

        var sound = true;
        Walk(schema, path, 0, (at, problem) =>
        {
            sound = false;
            report(at, problem);
        });
        if (sound)
        {
            Compile(schema, path, report);
        }
    }

    /// <summary>The schema without what a manifest may not write; it then allows more, and whoever wrote it must check the rest.</summary>
    /// <param name="schema">An object schema of somebody else.</param>
    /// <param name="dropped">Gets the keywords that were left out.</param>
    /// <param name="depth">How deep it is nested.</param>
    public static JsonNode? Supported(JsonNode? schema, List<string> dropped, int depth = 0)
    {
        if (schema is not JsonObject keywords)
        {
            return schema?.DeepClone();
        }

        if (depth > MaxDepth)
        {
            dropped.Add($"nesting beyond {MaxDepth}");
            return new JsonObject();
        }

        var kept = new JsonObject();
        foreach (var (keyword, value) in keywords)
        {
            if (keyword == "properties" && value is JsonObject properties)
            {
                kept[keyword] = new JsonObject(properties.Select(x => KeyValuePair.Create(x.Key, Supported(x.Value, dropped, depth + 1))));
            }
            else if (SchemaLists.Contains(keyword) && value is JsonArray list)
            {
                kept[keyword] = new JsonArray([.. list.Select(x => Supported(x, dropped, depth + 1))]);
            }
            else if (SingleSchemas.Contains(keyword) && value is JsonObject or JsonValue && value.GetValueKind() is JsonValueKind.Object or JsonValueKind.True or JsonValueKind.False)
            {
                kept[keyword] = Supported(value, dropped, depth + 1);
            }
            else if ((keyword == "type" && Words(value).All(Types.Contains)) || (keyword == "format" && Words(value).All(Formats.Contains))
                || Annotations.Contains(keyword) || (keyword is not ("type" or "format") && Constraints.Contains(keyword)))
            {
                kept[keyword] = value?.DeepClone();
            }
            else
            {
                dropped.Add(keyword);
            }
        }

        return kept;
    }

    public static Task<JsonSchema> CompileAsync(JsonElement schema, CancellationToken cancellationToken) =>
        JsonSchema.FromJsonAsync(schema.GetRawText(), cancellationToken);

    private static void Compile(JsonElement schema, string path, Action<string, string> report)
    {
#pragma warning disable CA1031 // Whatever the schema library objects to is a problem of the file, to be listed beside the others.
        try
        {
            // There are no references, so nothing is awaited: the task is complete.
            CompileAsync(schema, CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (Exception e)
        {
            report(path, $"is not a JSON Schema: {e.Message} Correct it.");
        }
#pragma warning restore CA1031
    }

    private static void Walk(JsonElement schema, string path, int depth, Action<string, string> report)
    {
        if (schema.ValueKind is JsonValueKind.True or JsonValueKind.False)
        {
            return;
        }

        if (schema.ValueKind != JsonValueKind.Object)
        {
            report(path, "is not a schema. Write an object, or true or false.");
            return;
        }

        if (depth > MaxDepth)
        {
            report(path, $"is nested more than {MaxDepth} deep. Flatten the arguments; models fill flat ones better, too.");
            return;
        }

        foreach (var keyword in schema.EnumerateObject())
        {
            WalkKeyword(keyword, $"{path}.{keyword.Name}", depth, report);
        }
    }

    private static void WalkKeyword(JsonProperty keyword, string path, int depth, Action<string, string> report)
    {
        if (keyword.Name == "type")
        {
            RefuseOthers(keyword.Value, Types, path, report);
            return;
        }

        if (keyword.Name == "format")
        {
            RefuseOthers(keyword.Value, Formats, path, report);
            return;
        }

        if (Annotations.Contains(keyword.Name) || Constraints.Contains(keyword.Name))
        {
            return;
        }

        if (keyword.Name == "properties" && keyword.Value.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in keyword.Value.EnumerateObject())
            {
                Walk(property.Value, $"{path}.{property.Name}", depth + 1, report);
            }
        }
        else if (SchemaLists.Contains(keyword.Name) && keyword.Value.ValueKind == JsonValueKind.Array)
        {
            var index = 0;
            foreach (var item in keyword.Value.EnumerateArray())
            {
                Walk(item, $"{path}[{index++}]", depth + 1, report);
            }
        }
        else if (SingleSchemas.Contains(keyword.Name))
        {
            Walk(keyword.Value, path, depth + 1, report);
        }
        else
        {
            report(path, $"the keyword '{keyword.Name}' is not checked by the validator in this form. Use {string.Join(", ", Constraints)}, properties, {string.Join(", ", SingleSchemas)}, {string.Join(", ", SchemaLists)}.");
        }
    }

    private static IEnumerable<string> Words(JsonNode? value) => value is JsonArray many ? many.Select(x => x?.ToString() ?? "") : [value?.ToString() ?? ""];

    // The validator takes a word that it does not know for no restriction at all.
    private static void RefuseOthers(JsonElement value, string[] known, string path, Action<string, string> report)
    {
        var words = value.ValueKind == JsonValueKind.Array ? value.EnumerateArray().ToList() : [value];
        foreach (var word in words.Where(x => x.ValueKind != JsonValueKind.String || !known.Contains(x.GetString())))
        {
            report(path, $"is '{word}'. Write one of {string.Join(", ", known)}.");
        }
    }
}
