#if !LEAVE_OUT_SQLSERVER
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Pipeline.ServiceDefaults.Databases;

namespace Pipeline.ToolWorkers.Persistence;

/// <summary>For dotnet-ef only: migrations are generated without a running database.</summary>
internal sealed class SqlServerDesignTimeFactory : IDesignTimeDbContextFactory<SqlServerToolWorkersDbContext>
{
    public SqlServerToolWorkersDbContext CreateDbContext(string[] args)
    {
        var options = new DbContextOptionsBuilder<SqlServerToolWorkersDbContext>();
        options.UseDatabase(
            new DatabaseOptions { Provider = DatabaseProvider.SqlServer, ConnectionString = "Server=localhost;Database=design" },
            ToolWorkersDbContext.MigrationsHistoryTable);
        return new(options.Options);
    }
}
#endif
