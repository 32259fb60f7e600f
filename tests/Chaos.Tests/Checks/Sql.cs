using Npgsql;

namespace Pipeline.Chaos.Tests.Checks;

/// <summary>Questions to the databases, straight to the server and not through a proxy.</summary>
internal static class Sql
{
    public static async Task<NpgsqlConnection> OpenAsync(string database, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(cancellationToken);
        return connection;
    }

    public static Task<List<string>> TextsAsync(string database, string question, CancellationToken cancellationToken) =>
        RowsAsync(database, question, x => x.IsDBNull(0) ? "" : x.GetString(0), cancellationToken);

    public static async Task<long> NumberAsync(string database, string question, CancellationToken cancellationToken) =>
        (await RowsAsync(database, question, x => x.GetInt64(0), cancellationToken))[0];

    public static async Task<List<T>> RowsAsync<T>(string database, string question, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params (string Name, object Value)[] values)
    {
        await using var connection = await OpenAsync(database, cancellationToken);
        // Each question is one of this assembly's constants.
#pragma warning disable CA2100
        await using var command = new NpgsqlCommand(question, connection);
#pragma warning restore CA2100
        foreach (var (name, value) in values)
        {
            command.Parameters.AddWithValue(name, value);
        }

        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }

        return rows;
    }
}
