namespace Pipeline.Benchmarks.Incident;

/// <summary>One agent's run, as it ended.</summary>
/// <param name="UsesFailing">Its second tool is the failing one.</param>
/// <param name="SubmittedAt">Since the beginning.</param>
/// <param name="EndedAt">Since the beginning; null where it did not end before the measurement did.</param>
/// <param name="Succeeded">Both of its calls were answered, by the tool or its fallback, within its patience.</param>
internal sealed record AgentRun(bool UsesFailing, TimeSpan SubmittedAt, TimeSpan? EndedAt, bool Succeeded);
