using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Pipeline.ServiceDefaults.Databases;

namespace Pipeline.ToolWorkers.Persistence;

/// <summary>For dotnet-ef only: migrations are generated without a running database.</summary>
internal sealed class SqliteDesignTimeFactory : IDesignTimeDbContextFactory<SqliteToolWorkersDbContext>
{
    public SqliteToolWorkersDbContext CreateDbContext(string[] args)
    {
        var options = new DbContextOptionsBuilder<SqliteToolWorkersDbContext>();
        options.UseDatabase(
            new DatabaseOptions { Provider = DatabaseProvider.Sqlite, ConnectionString = "Data Source=design.db" },
            ToolWorkersDbContext.MigrationsHistoryTable);
        return new(options.Options);
    }
}
