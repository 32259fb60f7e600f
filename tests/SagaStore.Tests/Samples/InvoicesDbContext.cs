using Microsoft.EntityFrameworkCore;

namespace Pipeline.SagaStore.Tests.Samples;

public sealed class InvoicesDbContext(DbContextOptions<InvoicesDbContext> options) : DbContext(options)
{
    public DbSet<Invoice> Invoices => Set<Invoice>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.AddSagaOutgoing();
        modelBuilder.Entity<Invoice>(invoice =>
        {
            invoice.ToTable("invoices");
            invoice.HasSagaRow(Database);
            invoice.Property(x => x.CurrentState).HasMaxLength(64);
        });
    }
}
