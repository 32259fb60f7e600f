using Microsoft.EntityFrameworkCore;
using Pipeline.LlmGateway.Accounting;
using Pipeline.LlmGateway.Completions;
using Pipeline.LlmGateway.Ownership;

namespace Pipeline.LlmGateway.Persistence;

/// <summary>
/// The gateway's own database: what is held, what was asked and answered, who owns which limit domain. No row version: every write of a
/// completion is in a transaction that holds the rows of its domains at the writer's epoch.
/// </summary>
internal abstract class LlmGatewayDbContext(DbContextOptions options) : DbContext(options)
{
    public const string MigrationsHistoryTable = "llm_migrations";

    /// <summary>Longer names are refused before they are stored.</summary>
    public const int MaxNameLength = 128;

    public DbSet<CompletionRow> Completions => Set<CompletionRow>();

    public DbSet<ModelCall> Calls => Set<ModelCall>();

    public DbSet<DomainLease> Domains => Set<DomainLease>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<CompletionRow>(row =>
        {
            row.ToTable("completions");
            row.HasKey(x => new { x.InvocationId, x.Turn });
            row.Property(x => x.Tenant).HasMaxLength(MaxNameLength);
            row.Property(x => x.Agent).HasMaxLength(MaxNameLength);
            row.Property(x => x.AskedPool).HasMaxLength(64);
            row.Property(x => x.Pool).HasMaxLength(64);
            row.Property(x => x.Priority).HasMaxLength(16);
            row.Property(x => x.State).HasConversion<string>().HasMaxLength(16).IsUnicode(false);
            row.Property(x => x.ResponseAddress).HasMaxLength(CompletionRow.MaxAddressLength);
            row.Property(x => x.TraceParent).HasMaxLength(64).IsUnicode(false);

            // What an owner takes over, and what retention deletes: both by state, the latter by age.
            row.HasIndex(x => new { x.State, x.CompletedAt });
        });
        modelBuilder.Entity<ModelCall>(call =>
        {
            call.ToTable("model_calls");
            call.HasKey(x => new { x.InvocationId, x.Turn, x.Attempt });
            call.Property(x => x.Tenant).HasMaxLength(MaxNameLength);
            call.Property(x => x.Agent).HasMaxLength(MaxNameLength);
            call.Property(x => x.Pool).HasMaxLength(64);
            call.Property(x => x.Domain).HasMaxLength(64);
            call.Property(x => x.KeyAlias).HasMaxLength(64);
            call.Property(x => x.Model).HasMaxLength(200);
            call.Property(x => x.Outcome).HasMaxLength(32).IsUnicode(false);
            call.HasIndex(x => x.DispatchedAt);
        });
        modelBuilder.Entity<DomainLease>(lease =>
        {
            lease.ToTable("limit_domains");
            lease.HasKey(x => x.Name);
            lease.Property(x => x.Name).HasMaxLength(64);
            lease.Property(x => x.Owner).HasMaxLength(256);
        });
    }
}
