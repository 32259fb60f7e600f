using System.Text.Json;
using Pipeline.ToolWorkers.Fallbacks;

namespace Pipeline.ToolWorkers.Manifests;

/// <summary>Reads the <c>fallback</c> member of a manifest: what answers in the tool's place, and never nothing.</summary>
internal sealed class FallbackReader(ManifestMembers members)
{
    public ToolFallback Read(JsonElement root)
    {
        const string wayOut = "Declare {\"kind\": \"fixed\", \"result\": …}, {\"kind\": \"message\", \"text\": \"…\"}, {\"kind\": \"lastGood\", \"maxAgeSeconds\": …, \"otherwise\": …} or {\"kind\": \"tool\", \"tool\": \"…\", \"otherwise\": …}: it answers while the tool's circuit is open.";
        var none = new ToolFallback(ToolFallbackKind.None, "");
        if (!root.TryGetProperty("fallback", out var fallback))
        {
            members.Report("$.fallback", $"is missing; a tool without a fallback is not started. {wayOut}");
            return none;
        }

        var kind = fallback.ValueKind == JsonValueKind.Object && fallback.TryGetProperty("kind", out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
        switch (kind)
        {
            case "fixed":
                members.RefuseUnknown(fallback, "$.fallback", ["kind", "result"]);
                if (fallback.TryGetProperty("result", out var result))
                {
                    return new ToolFallback(ToolFallbackKind.Fixed, result.GetRawText());
                }

                members.Report("$.fallback.result", "is missing. Write the result that answers in the tool's place, in the shape of the tool's own.");
                return none;
            case "message":
                members.RefuseUnknown(fallback, "$.fallback", ["kind", "text"]);
                if (fallback.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String && !string.IsNullOrWhiteSpace(text.GetString()))
                {
                    return new ToolFallback(ToolFallbackKind.Message, text.GetString() ?? "");
                }

                members.Report("$.fallback.text", "is missing or empty. Write what the model should know and do while the tool is unavailable.");
                return none;
            case "lastGood":
                members.RefuseUnknown(fallback, "$.fallback", ["kind", "maxAgeSeconds", "otherwise"]);
                RequireMember(fallback, "maxAgeSeconds", "Write the age in seconds beyond which a result is not used.");
                return new ToolFallback(ToolFallbackKind.LastGood, ReadOtherwise(fallback))
                {
                    MaxAge = TimeSpan.FromSeconds(members.Number(fallback, "$.fallback", "maxAgeSeconds", 1, LastGoodResults.MaxAge.TotalSeconds, 1)),
                };
            case "tool":
                members.RefuseUnknown(fallback, "$.fallback", ["kind", "tool", "otherwise"]);
                if (fallback.TryGetProperty("tool", out var other) && other.ValueKind == JsonValueKind.String && !string.IsNullOrEmpty(other.GetString()))
                {
                    return new ToolFallback(ToolFallbackKind.Tool, ReadOtherwise(fallback)) { Tool = other.GetString() };
                }

                members.Report("$.fallback.tool", "is missing. Write the name of the tool that answers instead; it gets the same arguments.");
                return none;
            default:
                members.Report("$.fallback.kind", $"is {(kind is null ? "missing" : $"'{kind}'")}. {wayOut}");
                return none;
        }
    }

    /// <summary>What answers where a last good result or another tool does not: never nothing.</summary>
    private string ReadOtherwise(JsonElement fallback)
    {
        const string wayOut = "Declare what answers where this fallback has nothing: {\"kind\": \"message\", \"text\": \"…\"} or {\"kind\": \"fixed\", \"result\": …}.";
        if (!fallback.TryGetProperty("otherwise", out var otherwise) || otherwise.ValueKind != JsonValueKind.Object)
        {
            members.Report("$.fallback.otherwise", $"is missing. {wayOut}");
            return "";
        }

        members.RefuseUnknown(otherwise, "$.fallback.otherwise", ["kind", "text", "result"]);
        var kind = otherwise.TryGetProperty("kind", out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        if (kind == "fixed" && otherwise.TryGetProperty("result", out var result))
        {
            return result.GetRawText();
        }

        if (kind == "message" && otherwise.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String && !string.IsNullOrWhiteSpace(text.GetString()))
        {
            return text.GetString() ?? "";
        }

        members.Report("$.fallback.otherwise", $"is {ManifestMembers.Describe(otherwise)}. {wayOut}");
        return "";
    }

    private void RequireMember(JsonElement parent, string member, string wayOut)
    {
        if (!parent.TryGetProperty(member, out _))
        {
            members.Report($"$.fallback.{member}", $"is missing. {wayOut}");
        }
    }
}
