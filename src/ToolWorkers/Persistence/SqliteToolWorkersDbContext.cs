using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Pipeline.ToolWorkers.Persistence;

internal sealed class SqliteToolWorkersDbContext(DbContextOptions<SqliteToolWorkersDbContext> options) : ToolWorkersDbContext(options)
{
    private const string RowVersion = "RowVersion";

    public override int SaveChanges(bool acceptAllChangesOnSuccess)
    {
        BumpRowVersions();
        return base.SaveChanges(acceptAllChangesOnSuccess);
    }

    public override Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        BumpRowVersions();
        return base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
    }

    // SQLite cannot compare or order DateTimeOffset; it can order its UTC ticks.
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UtcTicks>();

    protected override void MapRowVersion(ModelBuilder modelBuilder, Type entity) =>
        modelBuilder.Entity(entity).Property<long>(RowVersion).IsConcurrencyToken();

    private void BumpRowVersions()
    {
        foreach (var entry in ChangeTracker.Entries().Where(x => x.State is EntityState.Modified && x.Metadata.FindProperty(RowVersion) is not null))
        {
            var version = entry.Property(RowVersion);
            version.CurrentValue = (long)(version.OriginalValue ?? 0L) + 1;
        }
    }

    private sealed class UtcTicks() : ValueConverter<DateTimeOffset, long>(x => x.UtcTicks, x => new DateTimeOffset(x, TimeSpan.Zero));
}
