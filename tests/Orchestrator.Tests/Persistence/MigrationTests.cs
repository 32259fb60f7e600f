using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Pipeline.Fixtures;
using Pipeline.Orchestrator.Persistence;

namespace Pipeline.Orchestrator.Tests.Persistence;

public sealed class MigrationTests
{
    [Theory]
    [InlineData("Sqlite")]
    [InlineData("Postgres")]
#if !LEAVE_OUT_SQLSERVER
    [InlineData("SqlServer")]
#endif
    public void The_model_has_no_change_without_a_migration(string provider)
    {
        using var context = Context(provider, "Data Source=none;Host=none;Database=none");

        Assert.False(context.Database.HasPendingModelChanges());
    }

    [Theory]
    [InlineData("Sqlite")]
    [InlineData("Postgres")]
#if !LEAVE_OUT_SQLSERVER
    [InlineData("SqlServer")]
#endif
    public async Task Migrations_apply_to_an_empty_database(string provider)
    {
        await using var database = await TestDatabase.CreateAsync(provider);
        await using var context = Context(provider, database.ConnectionString);

        await context.Database.MigrateAsync(TestContext.Current.CancellationToken);

        Assert.Empty(await context.Database.GetPendingMigrationsAsync(TestContext.Current.CancellationToken));
        Assert.False(await context.Invocations.AnyAsync(TestContext.Current.CancellationToken));
        Assert.False(await context.Timeline.AnyAsync(TestContext.Current.CancellationToken));
    }

#if !LEAVE_OUT_SQLSERVER
    [Fact]
    public void The_script_for_SQL_Server_makes_the_tables()
    {
        using var context = Context("SqlServer", "Data Source=none");

        var script = context.GetService<IMigrator>().GenerateScript();

        Assert.Contains("CREATE TABLE [invocations]", script, StringComparison.Ordinal);
        Assert.Contains("CREATE TABLE [invocation_timeline]", script, StringComparison.Ordinal);
        Assert.Contains("rowversion", script, StringComparison.Ordinal);
        Assert.DoesNotContain("MERGE", script, StringComparison.Ordinal);
    }
#endif

    private static OrchestratorDbContext Context(string provider, string connection) => provider switch
    {
        "Sqlite" => new SqliteOrchestratorDbContext(new DbContextOptionsBuilder<SqliteOrchestratorDbContext>().UseSqlite(connection.Split(";Host")[0]).Options),
        "Postgres" => new PostgresOrchestratorDbContext(new DbContextOptionsBuilder<PostgresOrchestratorDbContext>().UseNpgsql(connection.Replace("Data Source=none;", "", StringComparison.Ordinal)).Options),
#if !LEAVE_OUT_SQLSERVER
        "SqlServer" => new SqlServerOrchestratorDbContext(new DbContextOptionsBuilder<SqlServerOrchestratorDbContext>().UseSqlServer(connection.Split(";Host")[0], x => x.MaxBatchSize(1)).Options),
#endif
        _ => throw new ArgumentOutOfRangeException(nameof(provider), provider, null),
    };
}
