namespace Pipeline.Orchestrator.Admission;

/// <summary>What the gate lets a submission do: take a slot while fewer than this many are open.</summary>
internal sealed record AdmissionTicket(int Limit);
