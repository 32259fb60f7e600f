using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Pipeline.ServiceDefaults.Dependencies;

namespace Pipeline.ServiceDefaults.Databases;

/// <summary>
/// Which database a service keeps its state in. Section <c>Database</c>, or a service's own section of the same shape where
/// several services share a process.
/// </summary>
public sealed class DatabaseOptions
{
    public const string Section = "Database";

    /// <summary><c>SqlServer</c>, <c>Postgres</c> or <c>Sqlite</c>.</summary>
    public DatabaseProvider Provider { get; set; } = DatabaseProvider.SqlServer;

    /// <summary>In the provider's own form. A secret: by environment variable or file, never in the repository.</summary>
    [Required(ErrorMessage = "Database:ConnectionString is empty. Set the environment variable Database__ConnectionString.")]
    public string ConnectionString { get; set; } = "";

    /// <summary>Seconds that one command may take.</summary>
    [Range(1, 600)]
    public int CommandTimeoutSeconds { get; set; } = 30;

    /// <summary>
    /// Seconds after which PostgreSQL ends a transaction in which nothing is asked: that of a process that was frozen or cut off. The one that
    /// takes over waits that long for its locks at most. Without effect where the connection string has <c>Options</c>, and on the other providers.
    /// </summary>
    [Range(1, 600)]
    public int SilentTransactionSeconds { get; set; } = 5;

    /// <summary>When asks are refused at once because the server does not answer. Without effect on SQLite.</summary>
    [ValidateObjectMembers]
    public DependencyCircuitOptions Circuit { get; set; } = new();
}
