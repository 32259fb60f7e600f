using Microsoft.EntityFrameworkCore;

namespace Pipeline.ToolWorkers.Persistence;

internal sealed class SqlServerToolWorkersDbContext(DbContextOptions<SqlServerToolWorkersDbContext> options) : ToolWorkersDbContext(options)
{
    protected override void MapRowVersion(ModelBuilder modelBuilder, Type entity) =>
        modelBuilder.Entity(entity).Property<byte[]>("RowVersion").IsRowVersion();
}
