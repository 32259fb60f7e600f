namespace Pipeline.LlmGateway.Completions;

/// <summary>What a request and its answer are known by.</summary>
internal readonly record struct CompletionKey(Guid InvocationId, int Turn);
