namespace Pipeline.LlmGateway.Completions;

/// <summary>How far a request is. Only ever moved by the owner of its limit domains.</summary>
internal enum CompletionState
{
    None = 0,

    /// <summary>Stored and acknowledged; waits for its turn.</summary>
    Held = 1,

    /// <summary>Written down as about to be sent to a provider. In a row of an older epoch: whether it was sent is not known.</summary>
    Dispatched = 2,

    /// <summary>The answer is stored; the broker has not confirmed it.</summary>
    Completed = 3,

    /// <summary>The answer is with the broker.</summary>
    Answered = 4,
}
