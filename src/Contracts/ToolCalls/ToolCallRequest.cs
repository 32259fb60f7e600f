namespace Pipeline.Contracts.ToolCalls;

/// <summary>One tool call that a model asked for.</summary>
public sealed record ToolCallRequest
{
    /// <summary>The provider's id of the call: unique within one answer only.</summary>
    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary>The arguments as the model wrote them: JSON where the model behaved, anything where it did not.</summary>
    public required string Arguments { get; init; }
}
