using Pipeline.Contracts.ToolCalls;

namespace Pipeline.Contracts.Completions;

/// <summary>A model answered a turn: with text, with tool calls, or both.</summary>
public sealed record CompletionReceived
{
    public required Guid InvocationId { get; init; }

    /// <summary>The turn it answers; an answer for another turn is late and ignored.</summary>
    public required int Turn { get; init; }

    public string? Text { get; init; }

    public IReadOnlyList<ToolCallRequest>? ToolCalls { get; init; }

    /// <summary>Why the model stopped, in the provider's own word.</summary>
    public string? FinishReason { get; init; }

    /// <summary>As the provider reported it.</summary>
    public required TokenUsage Usage { get; init; }

    /// <summary>The model that answered, as the provider names it.</summary>
    public string? Model { get; init; }

    /// <summary><c>openai</c>, <c>anthropic</c>.</summary>
    public string? Provider { get; init; }

    /// <summary>True where another pool stood in for the one that was asked.</summary>
    public bool Degraded { get; init; }

    /// <summary>What it took; null from a gateway that does not say.</summary>
    public CompletionEffort? Effort { get; init; }
}
