namespace Pipeline.Orchestrator.Admission;

/// <summary>The counter of one agent's open invocations. Moved in the transactions that accept and end them, so it is exact over all replicas.</summary>
public sealed class AgentAdmission
{
    public string Agent { get; set; } = null!;

    public int Open { get; set; }
}
