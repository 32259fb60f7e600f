using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Pipeline.ServiceDefaults.Dependencies;
#if !LEAVE_OUT_SQLSERVER
using Microsoft.Data.SqlClient;
#endif

namespace Pipeline.ServiceDefaults.Databases;

/// <summary>The circuit in front of the database of <typeparamref name="TContext"/>. A file of SQLite has none that would ever open.</summary>
public sealed class DatabaseCircuit<TContext> : IDisposable
    where TContext : DbContext
{
    private const string ContextSuffix = "DbContext";

    private readonly IServiceScopeFactory _scopes;
    private readonly DatabaseOptions _options;

    public DatabaseCircuit(IServiceScopeFactory scopes, DatabaseOptions options, DependencyMetrics metrics, TimeProvider time, ILogger<DependencyCircuit> logger)
    {
        (_scopes, _options) = (scopes, options);
        Circuit = new DependencyCircuit(Name(), options.Circuit, ProbeAsync, metrics, time, logger) { WhenOpened = ForgetConnections };
        Interceptor = new DatabaseCircuitInterceptor(Circuit);
    }

    public DependencyCircuit Circuit { get; }

    internal DatabaseCircuitInterceptor Interceptor { get; }

    public void Dispose() => Circuit.Dispose();

    private static string Name()
    {
        var name = typeof(TContext).Name;
        return $"database.{(name.EndsWith(ContextSuffix, StringComparison.Ordinal) ? name[..^ContextSuffix.Length] : name).ToLowerInvariant()}";
    }

    /// <summary>Not over the pool: what lies there may be a connection of the time before the outage.</summary>
    private async Task ProbeAsync(CancellationToken cancellationToken)
    {
        await using var connection = DatabaseSelection.UnpooledConnection(_options);
        await connection.OpenAsync(cancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = "SELECT 1";
        command.CommandTimeout = Math.Max(1, (int)Math.Ceiling(_options.Circuit.ProbeTimeout.TotalSeconds));
        _ = await command.ExecuteScalarAsync(cancellationToken);
    }

    /// <summary>Idle connections are as dead as those that failed, and would fail one by one after the recovery.</summary>
    private void ForgetConnections()
    {
        using var scope = _scopes.CreateScope();
        switch (scope.ServiceProvider.GetRequiredService<TContext>().Database.GetDbConnection())
        {
            case NpgsqlConnection postgres:
                NpgsqlConnection.ClearPool(postgres);
                break;
#if !LEAVE_OUT_SQLSERVER
            case SqlConnection sqlServer:
                SqlConnection.ClearPool(sqlServer);
                break;
#endif
            default:
                break;
        }
    }
}
