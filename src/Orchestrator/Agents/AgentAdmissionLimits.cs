namespace Pipeline.Orchestrator.Agents;

/// <summary>How many invocations of an agent may be open at once; see <see cref="Orchestrator.Admission.AdmissionOptions"/> for the defaults.</summary>
public sealed record AgentAdmissionLimits
{
    /// <summary>Open invocations over all replicas. The highest version of the agent decides for all.</summary>
    public int? MaxOpen { get; init; }

    /// <summary>Callers are deferred while a new invocation would be expected to wait longer, in seconds.</summary>
    public int? MaxWaitSeconds { get; init; }
}
