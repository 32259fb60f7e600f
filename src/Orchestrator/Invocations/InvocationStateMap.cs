using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Pipeline.SagaStore;

namespace Pipeline.Orchestrator.Invocations;

/// <summary>The tables of this slice.</summary>
internal static class InvocationStateMap
{
    public static void AddInvocations(this ModelBuilder model, DatabaseFacade database)
    {
        model.Entity<InvocationState>(row =>
        {
            row.ToTable("invocations");
            row.HasSagaRow(database);
            row.Property(x => x.CurrentState).HasMaxLength(32);
            row.Property(x => x.Tenant).HasMaxLength(64);
            row.Property(x => x.Agent).HasMaxLength(64);
            row.Property(x => x.Session).HasMaxLength(200);
            row.Property(x => x.IdempotencyKey).HasMaxLength(200);
            row.Property(x => x.SubmissionHash).HasMaxLength(32);
            row.Property(x => x.Priority).HasMaxLength(16);
            row.Property(x => x.Code).HasMaxLength(64);
            row.Property(x => x.Reason).HasMaxLength(2000);
            row.HasIndex(x => x.WakeAt);
            row.HasIndex(x => x.EndedAt);
            row.HasIndex(x => new { x.Tenant, x.Agent, x.IdempotencyKey }).IsUnique();
            // The list, newest first: a tenant's, and an operator's over all tenants.
            row.HasIndex(x => new { x.Tenant, x.AcceptedAt, x.CorrelationId });
            row.HasIndex(x => new { x.AcceptedAt, x.CorrelationId });
        });
        model.Entity<TimelineEntry>(entry =>
        {
            entry.ToTable("invocation_timeline");
            entry.HasKey(x => new { x.InvocationId, x.Seq });
            entry.Property(x => x.Kind).HasMaxLength(32);
        });
    }
}
