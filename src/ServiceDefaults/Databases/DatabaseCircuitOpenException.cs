using System.Data.Common;

namespace Pipeline.ServiceDefaults.Databases;

/// <summary>The database was not asked: its circuit is open. Transient, as what the database itself would have said.</summary>
public sealed class DatabaseCircuitOpenException : DbException
{
    public DatabaseCircuitOpenException(string message)
        : base(message)
    {
    }

    public override bool IsTransient => true;
}
