namespace Pipeline.Orchestrator.Admission;

/// <summary>A queue whose depth is watched.</summary>
/// <param name="Name">As operators see it.</param>
/// <param name="Kind"><c>submissions</c>, <c>waiting</c>, <c>events</c>, <c>tool</c> or <c>pool</c>.</param>
/// <param name="Agent">Whose submissions it takes; null for a queue that agents share.</param>
/// <param name="Tool">Whose calls it takes.</param>
/// <param name="Pool">Whose requests it takes.</param>
internal sealed record WatchedQueue(string Name, string Kind, string? Agent = null, string? Tool = null, string? Pool = null);

/// <param name="Ready">Messages that no consumer has in hand.</param>
/// <param name="Consumers">Processes that consume.</param>
internal sealed record QueueDepth(long Ready, long Consumers);
