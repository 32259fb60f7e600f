using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Pipeline.ServiceDefaults.Databases;

namespace Pipeline.ToolWorkers.Persistence;

/// <summary>For dotnet-ef only: migrations are generated without a running database.</summary>
internal sealed class PostgresDesignTimeFactory : IDesignTimeDbContextFactory<PostgresToolWorkersDbContext>
{
    public PostgresToolWorkersDbContext CreateDbContext(string[] args)
    {
        var options = new DbContextOptionsBuilder<PostgresToolWorkersDbContext>();
        options.UseDatabase(
            new DatabaseOptions { Provider = DatabaseProvider.Postgres, ConnectionString = "Host=localhost;Database=design" },
            ToolWorkersDbContext.MigrationsHistoryTable);
        return new(options.Options);
    }
}
