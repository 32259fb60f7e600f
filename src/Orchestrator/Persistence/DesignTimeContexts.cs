using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Pipeline.Orchestrator.Persistence;

/// <summary>For <c>dotnet ef migrations add</c>, which needs a context of each provider and no database.</summary>
internal sealed class SqlServerDesignTimeContext : IDesignTimeDbContextFactory<SqlServerOrchestratorDbContext>
{
    public SqlServerOrchestratorDbContext CreateDbContext(string[] args) => new(new DbContextOptionsBuilder<SqlServerOrchestratorDbContext>().UseSqlServer().Options);
}

internal sealed class PostgresDesignTimeContext : IDesignTimeDbContextFactory<PostgresOrchestratorDbContext>
{
    public PostgresOrchestratorDbContext CreateDbContext(string[] args) => new(new DbContextOptionsBuilder<PostgresOrchestratorDbContext>().UseNpgsql().Options);
}

internal sealed class SqliteDesignTimeContext : IDesignTimeDbContextFactory<SqliteOrchestratorDbContext>
{
    public SqliteOrchestratorDbContext CreateDbContext(string[] args) => new(new DbContextOptionsBuilder<SqliteOrchestratorDbContext>().UseSqlite().Options);
}
