using System.Text.Json.Nodes;

namespace Pipeline.ToolWorkers.Tests.HttpTools;

/// <summary>A manifest of an HTTP tool with the arguments that the tests use.</summary>
internal static class HttpManifest
{
    public static JsonObject Of(string http)
    {
        var manifest = JsonNode.Parse("""
            {
              "name": "rates",
              "description": "Tells a rate.",
              "parameters": {
                "type": "object",
                "properties": { "base": { "type": "string" }, "to": { "type": "array", "items": { "type": "string" } }, "amount": { "type": "number" }, "absent": { "type": "string" } },
                "additionalProperties": false
              },
              "effects": "ReadOnly",
              "fallback": { "kind": "message", "text": "No rates now." }
            }
            """)!.AsObject();
        var declaration = JsonNode.Parse(http);
        if (declaration?["url"]?.ToString().Split('?')[0].Contains("{base}", StringComparison.Ordinal) == true)
        {
            manifest["parameters"]!["required"] = new JsonArray("base");
        }

        manifest["http"] = declaration;
        return manifest;
    }
}
