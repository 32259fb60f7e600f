using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Pipeline.SagaStore.Databases;
using Pipeline.SagaStore.Outgoing;

namespace Pipeline.SagaStore;

/// <summary>What the store needs in the model of a DbContext. Call both from <c>OnModelCreating</c>.</summary>
public static class SagaStoreModel
{
    /// <summary>The name of the table of messages that are committed but not confirmed.</summary>
    public const string OutgoingTable = "saga_outgoing";

    internal const string ConsumedProperty = "ConsumedMessages";
    internal const string VersionProperty = "RowVersion";

    /// <summary>Adds the table of outgoing messages.</summary>
    public static ModelBuilder AddSagaOutgoing(this ModelBuilder model, string? schema = null)
    {
        model.Entity<OutgoingBatch>(batch =>
        {
            batch.ToTable(OutgoingTable, schema);
            batch.HasKey(x => x.Id);
            batch.Property(x => x.Id).ValueGeneratedNever();
            batch.Property(x => x.Saga).HasMaxLength(200);
            batch.Property(x => x.LastError).HasMaxLength(1000);
            batch.HasIndex(x => x.NextAttemptAt);
            batch.HasIndex(x => x.ExpiresAt);
        });
        return model;
    }

    /// <summary>
    /// Adds to a saga's table the row version that no write can overlook, and the ids of the messages the row consumed last.
    /// The saga class itself stays as it is.
    /// </summary>
    /// <param name="saga">The saga's entity.</param>
    /// <param name="database">The DbContext's database; decides which form the row version takes.</param>
    public static EntityTypeBuilder<TSaga> HasSagaRow<TSaga>(this EntityTypeBuilder<TSaga> saga, DatabaseFacade database)
        where TSaga : class, ISaga
    {
        saga.HasKey(x => x.CorrelationId);
        saga.Property(x => x.CorrelationId).ValueGeneratedNever();
        saga.Property<byte[]>(ConsumedProperty);
        switch (database.Kind())
        {
            case DatabaseKind.Postgres:
                saga.Property<uint>(VersionProperty).HasColumnName("xmin").HasColumnType("xid").IsRowVersion();
                break;
            case DatabaseKind.SqlServer:
                saga.Property<byte[]>(VersionProperty).IsRowVersion();
                break;
            default:
                // SQLite has no version of its own: the store counts.
                saga.Property<long>(VersionProperty).IsConcurrencyToken();
                break;
        }

        return saga;
    }
}
