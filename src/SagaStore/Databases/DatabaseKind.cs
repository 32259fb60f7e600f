using Microsoft.EntityFrameworkCore.Infrastructure;

namespace Pipeline.SagaStore.Databases;

/// <summary>The databases whose differences the store knows.</summary>
internal enum DatabaseKind
{
    SqlServer = 1,
    Postgres = 2,
    Sqlite = 3,
}

internal static class DatabaseKinds
{
    public static DatabaseKind Kind(this DatabaseFacade database) => database.ProviderName switch
    {
        "Npgsql.EntityFrameworkCore.PostgreSQL" => DatabaseKind.Postgres,
        "Microsoft.EntityFrameworkCore.SqlServer" => DatabaseKind.SqlServer,
        "Microsoft.EntityFrameworkCore.Sqlite" => DatabaseKind.Sqlite,
        var other => throw new NotSupportedException($"The saga store does not know the database provider '{other}'. Use SQL Server, PostgreSQL or SQLite."),
    };
}
