using System.Text.Json;

namespace Pipeline.Contracts.ToolCalls;

/// <summary>A tool as the model sees it.</summary>
public sealed record ToolDescription
{
    public required string Name { get; init; }

    public required string Description { get; init; }

    /// <summary>JSON Schema (an object schema) of the arguments.</summary>
    public required JsonElement Parameters { get; init; }
}
