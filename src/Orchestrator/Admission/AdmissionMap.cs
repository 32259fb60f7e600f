using Microsoft.EntityFrameworkCore;
using Pipeline.Orchestrator.Invocations;

namespace Pipeline.Orchestrator.Admission;

/// <summary>The tables of this slice, and the index by which an agent's open and lately ended invocations are counted.</summary>
internal static class AdmissionMap
{
    public static void AddAdmission(this ModelBuilder model)
    {
        model.Entity<AgentAdmission>(row =>
        {
            row.ToTable("agent_admissions");
            row.HasKey(x => x.Agent);
            row.Property(x => x.Agent).HasMaxLength(64);
        });
        model.Entity<AdmissionPromise>(row =>
        {
            row.ToTable("admission_promises");
            row.HasKey(x => new { x.Agent, x.Identity });
            row.Property(x => x.Agent).HasMaxLength(64);
            row.HasIndex(x => new { x.Agent, x.NotBefore });
            row.HasIndex(x => x.ExpiresAt);
        });
        model.Entity<InvocationState>().HasIndex(x => new { x.Agent, x.EndedAt });
    }
}
