using System.Text.Json;
using Pipeline.ToolWorkers.HttpTools;
using Pipeline.ToolWorkers.Mcp;

namespace Pipeline.ToolWorkers.Manifests;

/// <summary>One tool as its manifest file declares it: what the model sees, what it may do, its limits, and what answers in its place.</summary>
public sealed record ToolManifest
{
    /// <summary>The file, for messages to the operator.</summary>
    public required string File { get; init; }

    public required string Name { get; init; }

    public required string Description { get; init; }

    /// <summary>JSON Schema (an object schema) of the arguments.</summary>
    public required JsonElement Parameters { get; init; }

    public required ToolEffects Effects { get; init; }

    public required ToolFallback Fallback { get; init; }

    /// <summary>True where the fallback also answers a call that failed; false where the model is told of the failure.</summary>
    public bool FallbackOnFailure { get; init; }

    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Calls that one process runs at once; the bulkhead between this tool and the others.</summary>
    public int Concurrency { get; init; } = 16;

    /// <summary>A result over the limit is cut, visibly, instead of refused.</summary>
    public bool TruncateResult { get; init; }

    public BreakerSettings Breaker { get; init; } = new();

    /// <summary>The request that the tool is; null where it is not an HTTP tool.</summary>
    internal HttpToolDeclaration? Http { get; init; }

    /// <summary>The tool of an MCP server that it is; null where it is none.</summary>
    internal McpToolDeclaration? Mcp { get; init; }
}
