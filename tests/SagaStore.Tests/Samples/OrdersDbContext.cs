using Microsoft.EntityFrameworkCore;

namespace Pipeline.SagaStore.Tests.Samples;

public sealed class OrdersDbContext(DbContextOptions<OrdersDbContext> options) : DbContext(options)
{
    public DbSet<Order> Orders => Set<Order>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.AddSagaOutgoing();
        modelBuilder.Entity<Order>(order =>
        {
            order.ToTable("orders");
            order.HasSagaRow(Database);
            order.Property(x => x.CurrentState).HasMaxLength(64);
            order.Property(x => x.Customer).HasMaxLength(64);
            order.HasIndex(x => x.WakeAt);
        });
    }
}
