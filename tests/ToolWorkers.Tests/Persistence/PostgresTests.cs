using Microsoft.EntityFrameworkCore;
using Npgsql;
using Pipeline.ToolWorkers.Tests.Fixtures;

namespace Pipeline.ToolWorkers.Tests.Persistence;

/// <summary>The row versions and unique indexes of a real server. Set PIPELINE_TEST_POSTGRES to a connection string that may create databases.</summary>
public sealed class PostgresTests
{
    [Fact]
    public async Task Refunds_at_once_are_neither_lost_nor_doubled()
    {
        var server = Environment.GetEnvironmentVariable("PIPELINE_TEST_POSTGRES");
        Assert.SkipWhen(string.IsNullOrEmpty(server), "PIPELINE_TEST_POSTGRES is not set: no PostgreSQL server to test against.");
        var name = $"tools_{Guid.NewGuid():N}";
        await ExecuteAsync(server, $"CREATE DATABASE {name}");
        try
        {
            await RefundAtOnceAsync(new NpgsqlConnectionStringBuilder(server) { Database = name, Pooling = true }.ConnectionString);
        }
        finally
        {
            NpgsqlConnection.ClearAllPools();
            await ExecuteAsync(server, $"DROP DATABASE {name} WITH (FORCE)");
        }
    }

    private static async Task RefundAtOnceAsync(string connectionString)
    {
        await using var app = await ToolWorkersApp.StartAsync(
            x =>
            {
                x.Clock = TimeProvider.System;
                x.Settings["Tools:Database:Provider"] = "Postgres";
                x.Settings["Tools:Database:ConnectionString"] = connectionString;
            },
            seed: true);
        string[] transactions = ["txn_1", "txn_2", "txn_5", "txn_6", "txn_7", "txn_8"];

        // Each call three times, and for each transaction a second call that must be refused.
        var calls = transactions.SelectMany(x => new[] { $"{x}-a", $"{x}-b" }.Select(id => app.NewCall(Arguments(x), id, "issue_refund"))).ToList();
        await Task.WhenAll(calls.SelectMany(x => Enumerable.Repeat(x, 3)).Select(x => app.SendAsync(x)));
        var answers = new List<ReceivedAnswer>();
        for (var answer = 0; answer < calls.Count * 3; answer++)
        {
            answers.Add(await app.NextAnswerAsync());
        }

        Assert.All(answers.GroupBy(x => x.Success.CallId), x => Assert.Single(x.Select(a => a.Success.Result).Distinct()));
        Assert.Equal(6, answers.GroupBy(x => x.Success.CallId).Count(x => x.First().Success.Result.Contains("issued", StringComparison.Ordinal)));
        Assert.Equal(100_600, await app.QueryAsync(x => x.Accounts.Where(a => a.Id == "acc_1").Select(a => a.BalanceCents).SingleAsync(TestContext.Current.CancellationToken)));
        Assert.Equal(6, await app.QueryAsync(x => x.Ledger.CountAsync(TestContext.Current.CancellationToken)));
        Assert.Contains("txn_3", (await app.CallAsync("""{"accountId":"acc_1","from":"2026-11-02"}""", tool: "list_transactions")).Success.Result, StringComparison.Ordinal);
    }

    private static string Arguments(string transaction) => $$"""{"transactionId":"{{transaction}}","amountCents":100,"reason":"Charged twice"}""";

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
