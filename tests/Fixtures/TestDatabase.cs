using Npgsql;
using Xunit;
#if !LEAVE_OUT_SQLSERVER
using Microsoft.Data.SqlClient;
#endif

namespace Pipeline.Fixtures;

/// <summary>A database of its own for one test class, dropped at the end.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly Func<Task> _drop;

    private TestDatabase(string provider, string connectionString, Func<Task> drop)
    {
        Provider = provider;
        ConnectionString = connectionString;
        _drop = drop;
    }

    /// <summary><c>Sqlite</c>, <c>Postgres</c> or <c>SqlServer</c>.</summary>
    public string Provider { get; }

    public string ConnectionString { get; }

    /// <summary>Makes a database of the provider; skips the test, with the reason, where there is no server.</summary>
    public static Task<TestDatabase> CreateAsync(string provider) => provider switch
    {
        "Sqlite" => Task.FromResult(Sqlite()),
        "Postgres" => PostgresAsync(),
        "SqlServer" => SqlServerAsync(),
        _ => throw new ArgumentOutOfRangeException(nameof(provider), provider, "Sqlite, Postgres or SqlServer."),
    };

    public async ValueTask DisposeAsync() => await _drop();

    private static TestDatabase Sqlite()
    {
        var folder = Directory.CreateTempSubdirectory("pipeline-test-");
        return new TestDatabase("Sqlite", $"Data Source={Path.Combine(folder.FullName, "test.db")};Pooling=False", () =>
        {
            folder.Delete(recursive: true);
            return Task.CompletedTask;
        });
    }

    private static async Task<TestDatabase> PostgresAsync()
    {
        Assert.SkipWhen(TestServers.Postgres is null, "PIPELINE_TEST_POSTGRES names no PostgreSQL server; scripts/test.sh starts one.");
        var name = $"test_{Guid.NewGuid():N}";
        await ExecutePostgres($"CREATE DATABASE {name}");
        var connection = new NpgsqlConnectionStringBuilder(TestServers.Postgres) { Database = name, MaxPoolSize = 40 }.ConnectionString;
        return new TestDatabase("Postgres", connection, async () =>
        {
            await using (var pool = new NpgsqlConnection(connection))
            {
                NpgsqlConnection.ClearPool(pool);
            }

            await ExecutePostgres($"DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        });
    }

    private static async Task ExecutePostgres(string statement)
    {
        await using var connection = new NpgsqlConnection(TestServers.Postgres);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync();
    }

#if LEAVE_OUT_SQLSERVER
    private static Task<TestDatabase> SqlServerAsync()
    {
        Assert.Skip("This build left the SQL Server provider out.");
        throw new InvalidOperationException();
    }
#else
    private static async Task<TestDatabase> SqlServerAsync()
    {
        Assert.SkipWhen(TestServers.SqlServer is null, "PIPELINE_TEST_SQLSERVER names no SQL Server.");
        var name = $"test_{Guid.NewGuid():N}";
        await ExecuteSqlServer($"CREATE DATABASE {name}");
        var connection = new SqlConnectionStringBuilder(TestServers.SqlServer) { InitialCatalog = name }.ConnectionString;
        return new TestDatabase("SqlServer", connection, async () =>
        {
            SqlConnection.ClearAllPools();
            await ExecuteSqlServer($"DROP DATABASE {name}");
        });
    }

    private static async Task ExecuteSqlServer(string statement)
    {
        await using var connection = new SqlConnection(TestServers.SqlServer);
        await connection.OpenAsync();
        await using var command = new SqlCommand(statement, connection);
        await command.ExecuteNonQueryAsync();
    }
#endif
}
