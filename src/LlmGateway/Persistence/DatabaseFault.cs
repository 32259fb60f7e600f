using System.Data.Common;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace Pipeline.LlmGateway.Persistence;

/// <summary>Tells what a database refused for good from what may pass.</summary>
internal static class DatabaseFault
{
    /// <summary>A value or a key that the database does not take, or a row that is not there: the same write would fail again.</summary>
    public static bool IsData(Exception exception) =>
        exception is DbUpdateConcurrencyException || (Database(exception) is { } database && Code(database));

    private static DbException? Database(Exception exception)
    {
        for (var current = exception; current is not null; current = current.InnerException)
        {
            if (current is DbException database)
            {
                return database;
            }
        }

        return null;
    }

    private static bool Code(DbException exception) => exception switch
    {
        // data exceptions, integrity constraints
        PostgresException e => e.SqlState.StartsWith("22", StringComparison.Ordinal) || e.SqlState.StartsWith("23", StringComparison.Ordinal),

        // too big, constraint, mismatch
        SqliteException e => e.SqliteErrorCode is 18 or 19 or 20,
#if !LEAVE_OUT_SQLSERVER
        // null, foreign key, unique index, primary key, truncation, overflow
        Microsoft.Data.SqlClient.SqlException e => e.Number is 515 or 547 or 2601 or 2627 or 2628 or 8152 or 8115,
#endif
        _ => false,
    };
}
