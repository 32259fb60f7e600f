namespace Pipeline.LlmGateway.Completions;

/// <summary>One turn that somebody asked for: held, being asked, or answered. Its identity is the answer's: invocation and turn.</summary>
internal sealed class CompletionRow
{
    public const int MaxAddressLength = 1024;

    public Guid InvocationId { get; set; }

    public int Turn { get; set; }

    public string Tenant { get; set; } = "";

    public string Agent { get; set; } = "";

    /// <summary>The pool that was asked for.</summary>
    public string AskedPool { get; set; } = "";

    /// <summary>The pool that it waits for: the one asked for, or one of its chain of fallbacks.</summary>
    public string Pool { get; set; } = "";

    /// <summary><c>interactive</c>, <c>batch</c>; null is interactive.</summary>
    public string? Priority { get; set; }

    public CompletionState State { get; set; }

    public DateTimeOffset EnqueuedAt { get; set; }

    public DateTimeOffset Deadline { get; set; }

    /// <summary>Not sent before; set between two attempts.</summary>
    public DateTimeOffset? NotBefore { get; set; }

    /// <summary>Calls made so far, the one of <see cref="CompletionState.Dispatched"/> included.</summary>
    public int Attempt { get; set; }

    /// <summary>Estimated tokens of the prompt.</summary>
    public int PromptTokens { get; set; }

    public int MaxOutputTokens { get; set; }

    /// <summary>The request as JSON; null once it is answered.</summary>
    public byte[]? Body { get; set; }

    /// <summary>Where the answer goes; null for the invocations' own queue.</summary>
    public string? ResponseAddress { get; set; }

    public Guid? RequestId { get; set; }

    public Guid? ConversationId { get; set; }

    public Guid? CorrelationId { get; set; }

    /// <summary>W3C trace context of the request's delivery.</summary>
    public string? TraceParent { get; set; }

    /// <summary>The owner's epoch at the last dispatch.</summary>
    public long Epoch { get; set; }

    /// <summary>The answer as JSON; null until there is one.</summary>
    public byte[]? Answer { get; set; }

    /// <summary>True where <see cref="Answer"/> is a CompletionFailed.</summary>
    public bool IsFailure { get; set; }

    public DateTimeOffset? CompletedAt { get; set; }

    public DateTimeOffset? AnsweredAt { get; set; }
}
