#if !LEAVE_OUT_SQLSERVER
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Pipeline.ServiceDefaults.Databases;

namespace Pipeline.LlmGateway.Persistence;

/// <summary>For dotnet-ef only: migrations are generated without a running database.</summary>
internal sealed class SqlServerDesignTimeFactory : IDesignTimeDbContextFactory<SqlServerLlmGatewayDbContext>
{
    public SqlServerLlmGatewayDbContext CreateDbContext(string[] args)
    {
        var options = new DbContextOptionsBuilder<SqlServerLlmGatewayDbContext>();
        options.UseDatabase(
            new DatabaseOptions { Provider = DatabaseProvider.SqlServer, ConnectionString = "Server=localhost;Database=design" },
            LlmGatewayDbContext.MigrationsHistoryTable);
        return new(options.Options);
    }
}
#endif
