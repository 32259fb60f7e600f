using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Pipeline.LlmGateway.Accounting;
using Pipeline.LlmGateway.Completions;
using Pipeline.LlmGateway.Persistence;
using Pipeline.LlmGateway.Tests.Fixtures;

namespace Pipeline.LlmGateway.Tests.Persistence;

/// <summary>Many requests at once through the store, on SQLite and on a real PostgreSQL (PIPELINE_TEST_POSTGRES: a server that may create databases).</summary>
public sealed class StoreTests
{
    private const int Requests = 1000;

    [Theory]
    [InlineData("Sqlite")]
    [InlineData("Postgres")]
    public async Task Each_of_many_requests_is_stored_asked_accounted_and_answered_once(string provider)
    {
        var server = Environment.GetEnvironmentVariable("PIPELINE_TEST_POSTGRES");
        if (provider == "Sqlite")
        {
            await AnswerManyAsync();
            return;
        }

        Assert.SkipWhen(string.IsNullOrEmpty(server), "PIPELINE_TEST_POSTGRES is not set: no PostgreSQL server to test against.");
        var name = $"gateway_{Guid.NewGuid():N}";
        await ExecuteAsync(server, $"CREATE DATABASE {name}");
        try
        {
            var connection = new NpgsqlConnectionStringBuilder(server) { Database = name, Pooling = true }.ConnectionString;
            await AnswerManyAsync(("Database:Provider", "Postgres"), ("Database:ConnectionString", connection));
        }
        finally
        {
            NpgsqlConnection.ClearAllPools();
            await ExecuteAsync(server, $"DROP DATABASE {name} WITH (FORCE)");
        }
    }

    private static async Task AnswerManyAsync(params (string, string)[] database)
    {
        await using var provider = await ScriptedProvider.StartAsync(ProviderReply.OpenAi());
        await using var gateway = await GatewayFixture.StartAsync(
            [("OpenAi:BaseUrl", provider.Url), ("Pools:default:Concurrency", "100"), ("Pools:default:LookAhead", "100"), .. database]);
        var started = Stopwatch.StartNew();
        var asked = new HashSet<Guid>();
        for (var i = 0; i < Requests; i++)
        {
            var request = gateway.Request() with { Tenant = $"tenant-{i % 3}" };
            asked.Add(request.InvocationId);
            await gateway.SendAsync(request);
        }

        for (var i = 0; i < Requests; i++)
        {
            Assert.True(asked.Remove((await gateway.NextReceivedAsync()).InvocationId), "An answer came twice.");
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{Requests / started.Elapsed.TotalSeconds:0} requests/s");
        Assert.Equal(Requests, provider.Calls);
        await using var scope = gateway.Services.CreateAsyncScope();
        var store = scope.ServiceProvider.GetRequiredService<LlmGatewayDbContext>();
        var cancellation = TestContext.Current.CancellationToken;
        Assert.Equal(Requests, await store.Calls.CountAsync(x => x.Outcome == ModelCall.Answered && x.InputTokens == 12 && x.OutputTokens == 3 && x.EndedAt != null, cancellation));
        Assert.Equal(0, await store.Completions.CountAsync(x => x.Body != null || x.State == CompletionState.Held || x.State == CompletionState.Dispatched, cancellation));
    }

    private static async Task ExecuteAsync(string server, string statement)
    {
        await using var connection = new NpgsqlConnection(server);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
#pragma warning disable CA2100 // A name of our own making.
        await using var command = new NpgsqlCommand(statement, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}
