using System.Globalization;
using System.Text.Json;
using ModelContextProtocol.Protocol;

namespace Pipeline.ToolWorkers.Mcp;

/// <summary>A result as the model reads it: structured content as JSON, else the texts; images, sounds and files are named, not copied into the prompt.</summary>
internal static class McpResultText
{
    public static string Of(CallToolResult result) =>
        result.StructuredContent is { ValueKind: not (JsonValueKind.Undefined or JsonValueKind.Null) } structured && result.IsError != true
            ? structured.GetRawText()
            : string.Join('\n', result.Content.Select(Of));

    private static string Of(ContentBlock block) => block switch
    {
        TextContentBlock text => text.Text,
        ImageContentBlock image => Named("image", image.MimeType, image.DecodedData.Length),
        AudioContentBlock audio => Named("audio", audio.MimeType, audio.DecodedData.Length),
        ResourceLinkBlock link => $"[resource {link.Name}: {link.Uri}]",
        EmbeddedResourceBlock { Resource: TextResourceContents text } => text.Text,
        EmbeddedResourceBlock { Resource: var other } => $"[resource {other.Uri}, {other.MimeType ?? "of unknown type"}, not shown]",
        _ => $"[{block.Type}, not shown]",
    };

    private static string Named(string what, string? type, int bytes) => string.Create(CultureInfo.InvariantCulture, $"[{what} {type}, {bytes} bytes, not shown]");
}
