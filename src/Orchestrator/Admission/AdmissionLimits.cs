using Pipeline.Orchestrator.Agents;

namespace Pipeline.Orchestrator.Admission;

/// <summary>The limits of one agent, from its file and the options.</summary>
/// <param name="Cap">Open invocations over all replicas; never exceeded.</param>
/// <param name="HighWater">Newcomers are deferred from here on.</param>
/// <param name="LowWater">Newcomers are taken again below this.</param>
/// <param name="MaxWait">Newcomers are deferred while the expected wait is longer.</param>
internal sealed record AdmissionLimits(int Cap, int HighWater, int LowWater, TimeSpan MaxWait)
{
    public static AdmissionLimits Of(AgentDefinition agent, AdmissionOptions options)
    {
        var cap = agent.Admission.MaxOpen ?? options.MaxOpen;
        var high = Math.Max(1, (int)(cap * options.HighWater));
        return new AdmissionLimits(
            cap,
            high,
            Math.Clamp((int)(cap * options.LowWater), 1, high),
            TimeSpan.FromSeconds(agent.Admission.MaxWaitSeconds ?? agent.Limits.DeadlineSeconds * options.MaxWaitShare));
    }
}
