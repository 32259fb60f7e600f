using Pipeline.Contracts.ToolCalls;

namespace Pipeline.Orchestrator.Agents;

/// <summary>What an agent is: one version of it, as its file says. An invocation keeps the version it started with.</summary>
public sealed record AgentDefinition
{
    /// <summary>1 to 64 letters, digits, <c>-</c> or <c>_</c>; names the queue <c>invocations.&lt;agent&gt;</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Counted up with every change of the file's meaning; the highest one starts new invocations.</summary>
    public required int Version { get; init; }

    public required string SystemPrompt { get; init; }

    /// <summary>The model pool, <c>llm.&lt;pool&gt;</c>.</summary>
    public string Pool { get; init; } = "default";

    /// <summary>The tools it may call, by name.</summary>
    public IReadOnlyList<string> Tools { get; init; } = [];

    public AgentLimits Limits { get; init; } = new();

    public AgentAdmissionLimits Admission { get; init; } = new();

    /// <summary>How its parallel tool calls are joined.</summary>
    public FanOut FanOut { get; init; } = new();

    /// <summary>Answers, marked degraded, in the place of a model that cannot be reached.</summary>
    public string? FallbackAnswer { get; init; }

    /// <summary>Publish <c>progressed</c> events; they cost a message for every step.</summary>
    public bool PublishProgress { get; init; } = true;

    /// <summary>The descriptions of <see cref="Tools"/>, taken from the tools' own files when the catalog is loaded.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public IReadOnlyList<ToolDescription> ToolDescriptions { get; init; } = [];
}
