using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Pipeline.ToolWorkers.Persistence;

namespace Pipeline.ToolWorkers.Tests.Persistence;

public sealed class MigrationTests
{
    public static TheoryData<string> Providers => ["SqlServer", "Postgres", "Sqlite"];

    [Theory]
    [MemberData(nameof(Providers))]
    public void The_committed_migrations_match_the_model(string provider)
    {
        using var database = Create(provider);

        Assert.False(database.Database.HasPendingModelChanges(), $"The model of {provider} changed. Add a migration with dotnet-ef.");
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public void The_script_creates_only_tables_of_our_own(string provider)
    {
        using var database = Create(provider);

        var script = database.GetService<IMigrator>().GenerateScript(options: MigrationsSqlGenerationOptions.Default);

        var tables = script.Split('\n').Where(x => x.Contains("CREATE TABLE", StringComparison.Ordinal)).ToList();
        Assert.Equal(9, tables.Count);
        Assert.All(tables, x => Assert.Contains("tool_", x, StringComparison.Ordinal));
        Assert.DoesNotContain("xmin", script, StringComparison.Ordinal);
    }

    [Fact]
    public void Accounts_transactions_and_call_records_carry_a_row_version_everywhere()
    {
        foreach (string provider in Providers)
        {
            using var database = Create(provider);
            var versioned = database.Model.GetEntityTypes().Where(x => x.GetProperties().Any(p => p.IsConcurrencyToken)).Select(x => x.ClrType.Name).Order();
            Assert.Equal(["Account", "AccountTransaction", "CallRecord"], versioned);
        }
    }

    private static ToolWorkersDbContext Create(string provider) => provider switch
    {
        "SqlServer" => new SqlServerDesignTimeFactory().CreateDbContext([]),
        "Postgres" => new PostgresDesignTimeFactory().CreateDbContext([]),
        _ => new SqliteDesignTimeFactory().CreateDbContext([]),
    };
}
