using System.Globalization;
using Npgsql;
using Pipeline.Benchmarks.Measurement;

namespace Pipeline.Benchmarks.Servers;

/// <summary>A database that exists for one measurement, and the server's own books about it.</summary>
internal sealed class PostgresDatabase : IAsyncDisposable
{
    private readonly string _server;

    private PostgresDatabase(string server, string name)
    {
        _server = server;
        Name = name;
    }

    public string Name { get; }

    /// <summary>As a deployment writes it: whether a connection is reset when it is used again is left to the code under test.</summary>
    public string ConnectionString() => new NpgsqlConnectionStringBuilder(_server) { Database = Name, MaxPoolSize = 60 }.ConnectionString;

    public static async Task<PostgresDatabase> CreateAsync(string server, string purpose)
    {
        var database = new PostgresDatabase(server, $"bench_{purpose}_{MassTransit.NewId.NextGuid():N}");
        await database.ExecuteAsync($"CREATE DATABASE {database.Name}");
        return database;
    }

    public static ProcessTree Process(string server)
    {
        var address = new NpgsqlConnectionStringBuilder(server);
        return new ProcessTree("database", ListeningProcess.Find(address.Host ?? "", address.Port));
    }

    /// <summary>Every measurement begins behind a checkpoint: the first write of a page after it goes to the log whole.</summary>
    public Task CheckpointAsync() => ExecuteAsync("CHECKPOINT");

    /// <summary>Bytes of write-ahead log since the beginning of time, of the whole server.</summary>
    public async Task<double> WalBytesAsync() => Convert.ToDouble(await ScalarAsync("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"), CultureInfo.InvariantCulture);

    /// <summary>
    /// Commits and rollbacks so far. A server process reports its counts at the latest when it ends, so all connections are ended first: call it
    /// only when nothing uses the database.
    /// </summary>
    public async Task<(double Commits, double Rollbacks)> TransactionsAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await ExecuteAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{Name}'");
        while (Convert.ToInt64(await ScalarAsync($"SELECT count(*) FROM pg_stat_activity WHERE datname = '{Name}'"), CultureInfo.InvariantCulture) > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50));
        }

        return (await CountAsync("xact_commit"), await CountAsync("xact_rollback"));
    }

    public async Task<double> QueryAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ConnectionString()) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        return Convert.ToDouble(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        await ExecuteAsync($"DROP DATABASE IF EXISTS {Name} WITH (FORCE)");
    }

    private async Task<double> CountAsync(string column) => Convert.ToDouble(await ScalarAsync($"SELECT {column} FROM pg_stat_database WHERE datname = '{Name}'"), CultureInfo.InvariantCulture);

    private Task<object?> ExecuteAsync(string sql) => ScalarAsync(sql);

    private async Task<object?> ScalarAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(_server) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 120 };
        return await command.ExecuteScalarAsync();
    }
}
