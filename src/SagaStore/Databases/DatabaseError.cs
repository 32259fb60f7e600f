using System.Data.Common;
using System.Net.Sockets;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;
#if !LEAVE_OUT_SQLSERVER
using Microsoft.Data.SqlClient;
#endif

namespace Pipeline.SagaStore.Databases;

/// <summary>What a database's exception means for the event that met it.</summary>
internal enum DatabaseError
{
    /// <summary>Nothing the store can mend.</summary>
    Other = 0,

    /// <summary>Another writer was first: try again on the current state.</summary>
    Conflict = 1,

    /// <summary>The database does not answer: try again when it does. Whether the last commit happened is not known.</summary>
    Outage = 2,
}

internal static class DatabaseErrors
{
    public static DatabaseError Classify(Exception exception)
    {
        for (var current = exception; current is not null; current = current.InnerException)
        {
            var error = current switch
            {
                DbUpdateConcurrencyException => DatabaseError.Conflict,
                PostgresException postgres => Postgres(postgres.SqlState),
                NpgsqlException => DatabaseError.Outage,
                SqliteException sqlite => Sqlite(sqlite),
#if !LEAVE_OUT_SQLSERVER
                SqlException sqlServer => SqlServer(sqlServer),
#endif
                DbException { IsTransient: true } => DatabaseError.Outage,
                SocketException => DatabaseError.Outage,
                _ => DatabaseError.Other,
            };
            if (error != DatabaseError.Other)
            {
                return error;
            }
        }

        return DatabaseError.Other;
    }

    // idle_in_transaction_session_timeout: this process stood still, and the server rolled its transaction back.
    private const string SilentTransaction = "25P03";

    private static DatabaseError Postgres(string state) => state switch
    {
        PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.LockNotAvailable => DatabaseError.Conflict,
        PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.TooManyConnections
            or SilentTransaction => DatabaseError.Outage,
        _ when state.StartsWith("08", StringComparison.Ordinal) => DatabaseError.Outage,
        _ => DatabaseError.Other,
    };

    private static DatabaseError Sqlite(SqliteException exception)
    {
        const int busy = 5, locked = 6, constraint = 19, primaryKey = 1555, unique = 2067;
        return exception.SqliteErrorCode switch
        {
            busy or locked => DatabaseError.Conflict,
            constraint when exception.SqliteExtendedErrorCode is primaryKey or unique => DatabaseError.Conflict,
            _ => DatabaseError.Other,
        };
    }

#if !LEAVE_OUT_SQLSERVER
    private static DatabaseError SqlServer(SqlException exception)
    {
        foreach (SqlError error in exception.Errors)
        {
            switch (error.Number)
            {
                // deadlock, unique index, primary key, snapshot update conflict
                case 1205 or 2601 or 2627 or 3960:
                    return DatabaseError.Conflict;
                // network, login and availability errors, and the client's own timeout (-2)
                case -2 or -1 or 0 or 2 or 20 or 53 or 64 or 121 or 233 or 258 or 983 or 1222 or 4060 or 6005 or 10053 or 10054 or 10060 or 10061 or 11001 or 17142 or 18456 or 40197 or 40501 or 40613:
                    return DatabaseError.Outage;
                default:
                    break;
            }
        }

        return DatabaseError.Other;
    }
#endif
}
