using Pipeline.Contracts.ToolCalls;

namespace Pipeline.Contracts.Completions;

/// <summary>Ask a model pool for the next turn of an invocation. Sent to <see cref="QueueName.ModelPool"/>; answered by
/// <see cref="CompletionReceived"/> or <see cref="CompletionFailed"/> to the response address, else to <see cref="QueueName.InvocationEvents"/>.</summary>
public sealed record RequestCompletion
{
    public required Guid InvocationId { get; init; }

    /// <summary>The turn that the answer must carry, counted from 1.</summary>
    public required int Turn { get; init; }

    public required string Tenant { get; init; }

    public required string Agent { get; init; }

    /// <summary>The model pool, as the agent definition names it.</summary>
    public required string Pool { get; init; }

    public required string SystemPrompt { get; init; }

    /// <summary>The conversation so far, oldest first, without the system prompt.</summary>
    public required IReadOnlyList<ConversationMessage> Messages { get; init; }

    /// <summary>The tools that the model may call; empty for none.</summary>
    public required IReadOnlyList<ToolDescription> Tools { get; init; }

    /// <summary>The most output tokens the model may write in this turn.</summary>
    public required int MaxOutputTokens { get; init; }

    /// <summary>An answer after this instant is of no use: work found later is dropped, not sent to a provider.</summary>
    public required DateTimeOffset Deadline { get; init; }

    /// <summary><c>interactive</c> or <c>batch</c>.</summary>
    public string? Priority { get; init; }
}
