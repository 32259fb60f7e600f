using Microsoft.EntityFrameworkCore;
using Pipeline.Orchestrator.Access;
using Pipeline.Orchestrator.Admission;
using Pipeline.Orchestrator.DeadLetters;
using Pipeline.Orchestrator.Invocations;
using Pipeline.SagaStore;

namespace Pipeline.Orchestrator.Persistence;

/// <summary>The orchestrator's own database; nobody else reads its tables.</summary>
public abstract class OrchestratorDbContext(DbContextOptions options) : DbContext(options)
{
    public const string DatabaseSection = "Orchestrator:Database";

    public DbSet<InvocationState> Invocations => Set<InvocationState>();

    public DbSet<TimelineEntry> Timeline => Set<TimelineEntry>();

    public DbSet<ApiKey> ApiKeys => Set<ApiKey>();

    public DbSet<AgentAdmission> AgentAdmissions => Set<AgentAdmission>();

    public DbSet<AdmissionPromise> AdmissionPromises => Set<AdmissionPromise>();

    public DbSet<DeadLetter> DeadLetters => Set<DeadLetter>();

    public DbSet<DeadLetterReplay> DeadLetterReplays => Set<DeadLetterReplay>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.AddInvocations(Database);
        modelBuilder.AddAdmission();
        modelBuilder.AddSagaOutgoing();
        modelBuilder.AddApiKeys();
        modelBuilder.AddDeadLetters();
    }
}

/// <summary>Each provider has its own migrations.</summary>
public sealed class SqlServerOrchestratorDbContext(DbContextOptions<SqlServerOrchestratorDbContext> options) : OrchestratorDbContext(options);

public sealed class PostgresOrchestratorDbContext(DbContextOptions<PostgresOrchestratorDbContext> options) : OrchestratorDbContext(options);

public sealed class SqliteOrchestratorDbContext(DbContextOptions<SqliteOrchestratorDbContext> options) : OrchestratorDbContext(options);
