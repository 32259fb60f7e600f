using Npgsql;
using Pipeline.ToolWorkers;

namespace Pipeline.LedgerTools;

/// <summary>
/// What the tools in C# do to the outside world: a row for each run, in a transaction that has nothing to do with the worker's record of the
/// call. The table <c>effects</c> is the test's.
/// </summary>
internal sealed class EffectLedger(IConfiguration configuration)
{
    private readonly string _connection = configuration["Ledger:ConnectionString"] ?? throw new InvalidOperationException("Ledger:ConnectionString is not set. Name the database with the table effects.");

    /// <summary>Writes that the tool ran; does not ask whether it ran before.</summary>
    public async Task<ToolOutput> WriteAsync(ToolCall call, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(_connection);
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand("INSERT INTO effects (tool, subject, key) VALUES ($1, $2, $3)", connection);
        command.Parameters.Add(new NpgsqlParameter { Value = call.Tool });
        command.Parameters.Add(new NpgsqlParameter { Value = call.Arguments.GetProperty("subject").GetString() });
        command.Parameters.Add(new NpgsqlParameter { Value = call.CallId });
        await command.ExecuteNonQueryAsync(cancellationToken);
        return ToolOutput.Json(new { status = "done" });
    }
}
