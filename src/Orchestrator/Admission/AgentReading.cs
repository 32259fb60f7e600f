namespace Pipeline.Orchestrator.Admission;

/// <summary>What the database and the broker said of one agent, over all replicas.</summary>
/// <param name="Open">Invocations that have not ended.</param>
/// <param name="EndedPerSecond">Lately; null where too few ended to tell.</param>
/// <param name="PoolWait">How long a turn waits in <c>llm.&lt;pool&gt;</c>.</param>
/// <param name="PromisedUntil">UTC: the last place that is kept for a caller; null where none is.</param>
/// <param name="Promises">Places that are kept.</param>
/// <param name="Replicas">Processes that decide on the same agent.</param>
internal sealed record AgentReading(int Open, double? EndedPerSecond, TimeSpan PoolWait, DateTime? PromisedUntil, int Promises, int Replicas);
