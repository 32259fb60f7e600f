using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Pipeline.ServiceDefaults.Databases;

namespace Pipeline.LlmGateway.Persistence;

/// <summary>For dotnet-ef only: migrations are generated without a running database.</summary>
internal sealed class SqliteDesignTimeFactory : IDesignTimeDbContextFactory<SqliteLlmGatewayDbContext>
{
    public SqliteLlmGatewayDbContext CreateDbContext(string[] args)
    {
        var options = new DbContextOptionsBuilder<SqliteLlmGatewayDbContext>();
        options.UseDatabase(
            new DatabaseOptions { Provider = DatabaseProvider.Sqlite, ConnectionString = "Data Source=design.db" },
            LlmGatewayDbContext.MigrationsHistoryTable);
        return new(options.Options);
    }
}
