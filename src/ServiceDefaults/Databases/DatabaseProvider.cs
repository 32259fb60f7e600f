namespace Pipeline.ServiceDefaults.Databases;

/// <summary>The databases that a service can keep its state in.</summary>
public enum DatabaseProvider
{
    None = 0,
    SqlServer = 1,
    Postgres = 2,
    Sqlite = 3,
}
