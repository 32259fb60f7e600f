using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization.Metadata;
using System.Xml.Linq;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.Explanations;
using Pipeline.Contracts.Invocations;
using Pipeline.Contracts.ToolCalls;

namespace Pipeline.Contracts.Tests.Published;

/// <summary>Makes the JSON Schema (2020-12) of a message from its record and the record's documentation.</summary>
internal static class PublishedSchemas
{
    public static readonly IReadOnlyList<Type> Messages =
    [
        typeof(SubmitInvocation), typeof(InvocationEvent), typeof(CancelInvocation), typeof(RequestCompletion), typeof(CompletionReceived),
        typeof(CompletionFailed), typeof(RunTool), typeof(ToolSucceeded), typeof(ToolFailed), typeof(ToolCircuitChanged), typeof(InvocationExplanation),
    ];

    private static readonly JsonSerializerOptions Strict = new(JsonSerializerDefaults.Web) { NumberHandling = default, TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

    private static readonly Dictionary<string, string> Documentation = XDocument.Load(Path.Combine(AppContext.BaseDirectory, "Pipeline.Contracts.xml"))
        .Descendants("member")
        .ToDictionary(x => (string)x.Attribute("name")!, x => Text(x.Element("summary")));

    public static JsonObject Of(Type message)
    {
        var schema = Strict.GetJsonSchemaAsNode(message, new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = Describe }).AsObject();
        if (message == typeof(SubmitInvocation))
        {
            NarrowSubmission(schema["properties"]!.AsObject());
        }
        else if (message == typeof(InvocationEvent))
        {
            schema["properties"]!["event"]!["enum"] = Names(typeof(InvocationEventName));
        }

        var published = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["$id"] = $"urn:pipeline:contracts:{message.Name}",
            ["title"] = message.Name,
        };
        foreach (var (name, value) in schema.ToList())
        {
            schema.Remove(name);
            published[name] = value;
        }

        return published;
    }

    public static JsonArray Names(Type constants) =>
        [.. constants.GetFields(BindingFlags.Public | BindingFlags.Static).Select(x => (JsonNode)(string)x.GetRawConstantValue()!)];

    // What Ingress/SubmissionRules checks beyond the record's shape.
    private static void NarrowSubmission(JsonObject members)
    {
        foreach (var name in new[] { "tenant", "agent" })
        {
            members[name]!["pattern"] = "^[A-Za-z0-9_-]{1,64}$";
        }

        members["input"]!["type"] = new JsonArray("object", "string");
        members["session"]!["maxLength"] = 200;
        members["idempotencyKey"]!["maxLength"] = 200;
        members["priority"]!["enum"] = new JsonArray("interactive", "batch", null);
        members["metadata"]!["maxProperties"] = 32;
    }

    private static JsonObject Describe(JsonSchemaExporterContext context, JsonNode node)
    {
        var key = context.PropertyInfo is { } member
            ? $"P:{member.DeclaringType.FullName}.{((PropertyInfo)member.AttributeProvider!).Name}"
            : $"T:{context.TypeInfo.Type.FullName}";
        // Anything (a JsonElement) is the schema 'true', which cannot carry a description.
        var schema = node as JsonObject ?? [];
        if (Documentation.TryGetValue(key, out var text) && text.Length > 0)
        {
            schema.Insert(0, "description", text);
        }

        return schema;
    }

    private static string Text(XElement? summary)
    {
        if (summary is null)
        {
            return "";
        }

        // <see cref="P:Pipeline.Contracts.X.Y"/> reads as Y.
        var text = string.Concat(summary.DescendantNodes().Select(x => x switch
        {
            XText words => words.Value,
            XElement { Name.LocalName: "see" } see => ((string?)see.Attribute("cref") ?? "").Split('.', ':')[^1],
            _ => "",
        }));
        return string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }
}
