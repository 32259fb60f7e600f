using System.Text.Json;

namespace Pipeline.ToolWorkers.Mcp;

/// <summary>A tool as the server describes it.</summary>
internal sealed record McpRemoteTool(string Name, string? Description, JsonElement Schema)
{
    public string Hash { get; } = ToolFingerprint.Of(Name, Description, Schema);
}
