using Microsoft.EntityFrameworkCore;
using Pipeline.ToolWorkers.Accounts;
using Pipeline.ToolWorkers.Calls;
using Pipeline.ToolWorkers.Circuits;
using Pipeline.ToolWorkers.Fallbacks;

namespace Pipeline.ToolWorkers.Persistence;

/// <summary>
/// The tool workers' own database: what is known of calls with effects, circuits and last good results, and the sample bank. All names begin with <c>tool_</c>, so that
/// it can share a database with other services.
/// </summary>
internal abstract class ToolWorkersDbContext(DbContextOptions options) : DbContext(options)
{
    public const string MigrationsHistoryTable = "tool_migrations";

    public DbSet<CallRecord> Calls => Set<CallRecord>();

    public DbSet<CircuitRecord> Circuits => Set<CircuitRecord>();

    public DbSet<LastGoodResult> LastGoodResults => Set<LastGoodResult>();

    public DbSet<Customer> Customers => Set<Customer>();

    public DbSet<Account> Accounts => Set<Account>();

    public DbSet<AccountTransaction> Transactions => Set<AccountTransaction>();

    public DbSet<Refund> Refunds => Set<Refund>();

    public DbSet<LedgerEntry> Ledger => Set<LedgerEntry>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<CallRecord>(call =>
        {
            call.ToTable("tool_calls");
            call.HasKey(x => x.CallId);
            call.Property(x => x.CallId).HasMaxLength(CallRecord.MaxCallIdLength);
            call.Property(x => x.Tool).HasMaxLength(64);
            call.Property(x => x.State).HasConversion<string>().HasMaxLength(16);
            call.Property(x => x.StartedBy).HasMaxLength(256);
            call.HasIndex(x => x.StartedAt);
        });
        modelBuilder.Entity<CircuitRecord>(circuit =>
        {
            circuit.ToTable("tool_circuits");
            circuit.HasKey(x => x.Tool);
            circuit.Property(x => x.Tool).HasMaxLength(64);
            circuit.Property(x => x.State).HasConversion<string>().HasMaxLength(16);
            circuit.Property(x => x.ProbeOwner).HasMaxLength(256);
            circuit.Property(x => x.ChangedBy).HasMaxLength(256);
            circuit.Property(x => x.Reason).HasMaxLength(CircuitRecord.MaxReasonLength);
        });
        modelBuilder.Entity<LastGoodResult>(result =>
        {
            result.ToTable("tool_last_good");
            result.HasKey(x => x.Key);
            result.Property(x => x.Key).HasMaxLength(64).IsUnicode(false);
            result.Property(x => x.Tool).HasMaxLength(64);
            result.Property(x => x.Tenant).HasMaxLength(64);
            result.HasIndex(x => x.At);
        });
        modelBuilder.Entity<Customer>(customer =>
        {
            customer.ToTable("tool_customers");
            customer.Property(x => x.Id).HasMaxLength(64);
            customer.Property(x => x.Name).HasMaxLength(200);
            customer.Property(x => x.Email).HasMaxLength(320);
        });
        modelBuilder.Entity<Account>(account =>
        {
            account.ToTable("tool_accounts");
            account.Property(x => x.Id).HasMaxLength(64);
            account.Property(x => x.Status).HasMaxLength(16);
            account.Property(x => x.Currency).HasMaxLength(3);
            account.HasOne<Customer>().WithMany().HasForeignKey(x => x.CustomerId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<AccountTransaction>(transaction =>
        {
            transaction.ToTable("tool_transactions");
            transaction.Property(x => x.Id).HasMaxLength(64);
            transaction.Property(x => x.Merchant).HasMaxLength(200);
            transaction.Property(x => x.MerchantKey).HasMaxLength(200);
            transaction.Property(x => x.Currency).HasMaxLength(3);
            transaction.Property(x => x.Status).HasMaxLength(16);
            transaction.HasOne<Account>().WithMany().HasForeignKey(x => x.AccountId).OnDelete(DeleteBehavior.Restrict);
            transaction.HasIndex(x => new { x.AccountId, x.At });
        });
        modelBuilder.Entity<Refund>(refund =>
        {
            refund.ToTable("tool_refunds");
            refund.Property(x => x.Id).HasMaxLength(64);
            refund.Property(x => x.CallId).HasMaxLength(CallRecord.MaxCallIdLength);
            refund.Property(x => x.Reason).HasMaxLength(500);
            refund.HasOne<AccountTransaction>().WithMany().HasForeignKey(x => x.TransactionId).OnDelete(DeleteBehavior.Restrict);
            refund.HasIndex(x => x.TransactionId).IsUnique();
            refund.HasIndex(x => x.CallId).IsUnique();
        });
        modelBuilder.Entity<LedgerEntry>(entry =>
        {
            entry.ToTable("tool_ledger");
            entry.Property(x => x.Id).HasMaxLength(64);
            entry.Property(x => x.CallId).HasMaxLength(CallRecord.MaxCallIdLength);
            entry.HasOne<Account>().WithMany().HasForeignKey(x => x.AccountId).OnDelete(DeleteBehavior.Restrict);
            entry.HasOne<Refund>().WithMany().HasForeignKey(x => x.RefundId).OnDelete(DeleteBehavior.Restrict);
            entry.HasIndex(x => x.CallId).IsUnique();
        });
        foreach (var type in new[] { typeof(CallRecord), typeof(Account), typeof(AccountTransaction) })
        {
            MapRowVersion(modelBuilder, type);
        }
    }

    /// <summary>Maps the provider's row version: a write that read an older row fails instead of winning.</summary>
    protected abstract void MapRowVersion(ModelBuilder modelBuilder, Type entity);
}
