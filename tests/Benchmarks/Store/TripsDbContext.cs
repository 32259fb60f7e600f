using Microsoft.EntityFrameworkCore;
using Pipeline.SagaStore;

namespace Pipeline.Benchmarks.Store;

/// <summary>One model for all variants, so that the saga's row is the same in each; a variant leaves the others' tables empty.</summary>
internal sealed class TripsDbContext(DbContextOptions<TripsDbContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.AddSagaOutgoing();
        modelBuilder.Entity<Trip>(trip =>
        {
            trip.ToTable("trips");
            trip.HasSagaRow(Database);
            trip.Property<byte[]?>("ConsumedMessages").IsRequired(false);
            trip.Property(x => x.CurrentState).HasMaxLength(64);
        });
        // Columns and indexes as the research describes those of MassTransit's own EF package.
        modelBuilder.Entity<InboxRow>(inbox =>
        {
            inbox.ToTable("inbox_state");
            inbox.HasKey(x => x.Id);
            inbox.HasAlternateKey(x => new { x.MessageId, x.ConsumerId });
            inbox.HasIndex(x => x.Delivered);
        });
        modelBuilder.Entity<OutboxRow>(outbox =>
        {
            outbox.ToTable("outbox_message");
            outbox.HasKey(x => x.SequenceNumber);
            outbox.HasIndex(x => x.EnqueueTime);
            outbox.HasIndex(x => x.ExpirationTime);
            outbox.HasIndex(x => new { x.OutboxId, x.SequenceNumber }).IsUnique();
            outbox.HasIndex(x => new { x.InboxMessageId, x.InboxConsumerId, x.SequenceNumber }).IsUnique();
            outbox.HasOne<InboxRow>().WithMany().HasForeignKey(x => new { x.InboxMessageId, x.InboxConsumerId }).HasPrincipalKey(x => new { x.MessageId, x.ConsumerId });
            outbox.Property(x => x.ContentType).HasMaxLength(256);
            outbox.Property(x => x.SourceAddress).HasMaxLength(256);
            outbox.Property(x => x.DestinationAddress).HasMaxLength(256);
        });
    }
}
