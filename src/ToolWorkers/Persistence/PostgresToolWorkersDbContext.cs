using Microsoft.EntityFrameworkCore;

namespace Pipeline.ToolWorkers.Persistence;

internal sealed class PostgresToolWorkersDbContext(DbContextOptions<PostgresToolWorkersDbContext> options) : ToolWorkersDbContext(options)
{
    // The system column xmin: PostgreSQL's own row version.
    protected override void MapRowVersion(ModelBuilder modelBuilder, Type entity) =>
        modelBuilder.Entity(entity).Property<uint>("RowVersion").IsRowVersion();
}
