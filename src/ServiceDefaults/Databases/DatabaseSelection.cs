using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql;

namespace Pipeline.ServiceDefaults.Databases;

/// <summary>The one place that turns <see cref="DatabaseOptions"/> into an EF Core provider.</summary>
public static class DatabaseSelection
{
    /// <summary>
    /// Selects the provider. No execution strategy is configured: a strategy would re-run user code inside a database retry.
    /// </summary>
    /// <param name="builder">The context's options.</param>
    /// <param name="options">Which database.</param>
    /// <param name="migrationsHistoryTable">The table that lists the applied migrations; its own for each service, so that services can share a database.</param>
    /// <exception cref="InvalidOperationException">The provider is unknown or was left out of this build; the message says what to do.</exception>
    public static DbContextOptionsBuilder UseDatabase(this DbContextOptionsBuilder builder, DatabaseOptions options, string migrationsHistoryTable = HistoryRepository.DefaultTableName)
    {
        switch (options.Provider)
        {
            case DatabaseProvider.Sqlite:
                return builder.UseSqlite(options.ConnectionString, x => x.CommandTimeout(options.CommandTimeoutSeconds).MigrationsHistoryTable(migrationsHistoryTable));
            case DatabaseProvider.Postgres:
                return builder.UseNpgsql(Session(options), x => x.CommandTimeout(options.CommandTimeoutSeconds).MigrationsHistoryTable(migrationsHistoryTable));
            case DatabaseProvider.SqlServer:
                return UseSqlServer(builder, options, migrationsHistoryTable);
            default:
                throw new InvalidOperationException($"Database:Provider is '{options.Provider}'. Set it to SqlServer, Postgres or Sqlite.");
        }
    }

    /// <summary>A new connection beside the pool, to find out whether the server is there.</summary>
    internal static DbConnection UnpooledConnection(DatabaseOptions options) => options.Provider switch
    {
        DatabaseProvider.Postgres => new NpgsqlConnection(new NpgsqlConnectionStringBuilder(options.ConnectionString) { Pooling = false }.ConnectionString),
#if !LEAVE_OUT_SQLSERVER
        DatabaseProvider.SqlServer => new Microsoft.Data.SqlClient.SqlConnection(
            new Microsoft.Data.SqlClient.SqlConnectionStringBuilder(options.ConnectionString) { Pooling = false, ConnectRetryCount = 0 }.ConnectionString),
#endif
        _ => throw new InvalidOperationException($"The provider '{options.Provider}' has no server that could be asked."),
    };

    /// <summary>
    /// What a session of PostgreSQL is given beside what the connection string says; where it sets one of these itself, that stands.
    /// <para>No DISCARD ALL: Npgsql sends it, a transaction of its own, whenever a connection is taken from the pool again: as many transactions
    /// as the services' own. They set nothing on a connection that would have to be reset, and an open transaction is rolled back in any case.</para>
    /// <para>An end for transactions whose process fell silent. A frozen process keeps its connection, and with it the locks of its transaction, on
    /// which the one that takes over would wait until it wakes.</para>
    /// </summary>
    private static string Session(DatabaseOptions options)
    {
        var given = new DbConnectionStringBuilder { ConnectionString = options.ConnectionString };
        var session = new NpgsqlConnectionStringBuilder(options.ConnectionString);
        if (!given.ContainsKey("No Reset On Close") && !given.ContainsKey("NoResetOnClose"))
        {
            session.NoResetOnClose = true;
        }

        if (!given.ContainsKey("Options"))
        {
            session.Options = $"-c idle_in_transaction_session_timeout={options.SilentTransactionSeconds}s";
        }

        return session.ConnectionString;
    }

#if LEAVE_OUT_SQLSERVER
    private static DbContextOptionsBuilder UseSqlServer(DbContextOptionsBuilder builder, DatabaseOptions options, string migrationsHistoryTable) =>
        throw new InvalidOperationException(
            "Database:Provider is 'SqlServer', but this build left the SQL Server provider out because the package feed did not have it. " +
            "Build against a full feed (scripts/detect-feed.sh --force), or set Database__Provider to Postgres or Sqlite.");
#else
    private static DbContextOptionsBuilder UseSqlServer(DbContextOptionsBuilder builder, DatabaseOptions options, string migrationsHistoryTable)
    {
#if RESTRICTED_FEED
        string[] leftOut = ["Active Directory", "Column Encryption Setting"];
        if (leftOut.FirstOrDefault(x => options.ConnectionString.Contains(x, StringComparison.OrdinalIgnoreCase)) is { } keyword)
        {
            throw new InvalidOperationException(
                $"Database:ConnectionString uses '{keyword}', but this build left Entra sign-in and Always Encrypted out because the package feed did not have them. " +
                "Build against a full feed (scripts/detect-feed.sh --force), or use SQL Server authentication without column encryption.");
        }
#endif
        // One statement a command: some servers that speak TDS have no MERGE, which EF uses for batched inserts.
        return builder.UseSqlServer(
            options.ConnectionString,
            x => x.CommandTimeout(options.CommandTimeoutSeconds).MaxBatchSize(1).MigrationsHistoryTable(migrationsHistoryTable));
    }
#endif
}
