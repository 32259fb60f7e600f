namespace Pipeline.Orchestrator.Invocations;

/// <summary>The sweeper wakes an invocation. Not a contract: sent by the store to our own queue.</summary>
public sealed record InvocationTimerElapsed(Guid InvocationId, DateTime DueAt);
