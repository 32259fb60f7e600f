using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;
using Pipeline.ServiceDefaults.Databases;

namespace Pipeline.LlmGateway.Persistence;

/// <summary>For dotnet-ef only: migrations are generated without a running database.</summary>
internal sealed class PostgresDesignTimeFactory : IDesignTimeDbContextFactory<PostgresLlmGatewayDbContext>
{
    public PostgresLlmGatewayDbContext CreateDbContext(string[] args)
    {
        var options = new DbContextOptionsBuilder<PostgresLlmGatewayDbContext>();
        options.UseDatabase(
            new DatabaseOptions { Provider = DatabaseProvider.Postgres, ConnectionString = "Host=localhost;Database=design" },
            LlmGatewayDbContext.MigrationsHistoryTable);
        return new(options.Options);
    }
}
