using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Pipeline.ToolWorkers.Persistence;

/// <summary>
/// Two writers met: a changed row version, a unique index, a deadlock, a busy file. Not a failure: the loser reads again and repeats,
/// in a scope of its own.
/// </summary>
internal static class DatabaseConflict
{
    public static bool Is(Exception exception) =>
        exception is DbUpdateConcurrencyException || (Database(exception) is { } database && Code(database));

    private static DbException? Database(Exception exception) => exception as DbException ?? exception.InnerException as DbException;

    private static bool Code(DbException exception) => exception switch
    {
        PostgresException e => e.SqlState is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected,
        // 5 busy, 6 locked, 1555 primary key, 2067 unique index
        SqliteException e => e.SqliteErrorCode is 5 or 6 || e.SqliteExtendedErrorCode is 1555 or 2067,
#if !LEAVE_OUT_SQLSERVER
        // deadlock, unique index, primary key, snapshot
        Microsoft.Data.SqlClient.SqlException e => e.Number is 1205 or 2601 or 2627 or 3960,
#endif
        _ => false,
    };
}
