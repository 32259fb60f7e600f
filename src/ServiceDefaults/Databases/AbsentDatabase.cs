using System.Net.Sockets;
using Npgsql;
#if !LEAVE_OUT_SQLSERVER
using Microsoft.Data.SqlClient;
#endif

namespace Pipeline.ServiceDefaults.Databases;

/// <summary>Tells a database that is not there (no connection, no answer in time, shutting down) from one that answered with an error.</summary>
internal static class AbsentDatabase
{
    public static bool Is(Exception exception)
    {
        for (var current = exception; current is not null; current = current.InnerException)
        {
            switch (current)
            {
                case DatabaseCircuitOpenException:
                    return false;
                case PostgresException postgres:
                    return IsAbsent(postgres.SqlState);
                case NpgsqlException or SocketException or IOException or TimeoutException:
                    return true;
#if !LEAVE_OUT_SQLSERVER
                case SqlException sqlServer:
                    return sqlServer.Errors.Cast<SqlError>().Any(x => IsAbsent(x.Number));
#endif
                default:
                    break;
            }
        }

        return false;
    }

    private static bool IsAbsent(string state) =>
        state is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.TooManyConnections
        || state.StartsWith("08", StringComparison.Ordinal);

#if !LEAVE_OUT_SQLSERVER
    // Network, login and availability errors, and the client's own time limit (-2).
    private static bool IsAbsent(int number) =>
        number is -2 or -1 or 0 or 2 or 20 or 53 or 64 or 121 or 233 or 258 or 983 or 4060 or 6005 or 10053 or 10054 or 10060 or 10061 or 11001 or 17142 or 18456 or 40197 or 40501 or 40613;
#endif
}
