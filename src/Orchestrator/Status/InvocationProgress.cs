namespace Pipeline.Orchestrator.Status;

/// <summary>How far an invocation is.</summary>
internal sealed record InvocationProgress(string Tenant, int LastSeq, bool HasEnded);
