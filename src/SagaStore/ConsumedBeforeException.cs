namespace Pipeline.SagaStore;

/// <summary>Leaves the saga pipe for a message that the instance consumed before: the pipe has no other way out that runs no state machine.</summary>
internal sealed class ConsumedBeforeException : Exception;
