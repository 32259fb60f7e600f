using Pipeline.Contracts.ToolCalls;

namespace Pipeline.Contracts.Completions;

/// <summary>One message of a conversation, in the terms that all providers share.</summary>
public sealed record ConversationMessage
{
    public required ConversationRole Role { get; init; }

    /// <summary>The text; for a tool's result the content that the model reads. Null where an assistant message only calls tools.</summary>
    public string? Text { get; init; }

    /// <summary>Of an assistant message: the tools it asked for.</summary>
    public IReadOnlyList<ToolCallRequest>? ToolCalls { get; init; }

    /// <summary>Of a tool's result: the <see cref="ToolCallRequest.Id"/> it answers.</summary>
    public string? ToolCallId { get; init; }

    /// <summary>Of a tool's result: it tells of a failure.</summary>
    public bool? IsError { get; init; }
}
