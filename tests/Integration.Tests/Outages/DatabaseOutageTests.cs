using System.Globalization;
using Npgsql;
using Pipeline.Fixtures;
using Pipeline.Integration.Tests.CrashPoints;
using RabbitMQ.Client;
using RabbitMQ.Client.Exceptions;

namespace Pipeline.Integration.Tests.Outages;

/// <summary>The orchestrator's database goes away; the broker and the process stay.</summary>
public sealed class DatabaseOutageTests : IAsyncDisposable
{
    private const string Submissions = "invocations.dispute-resolver";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private RabbitMqVirtualHost _broker = null!;
    private TestDatabase _database = null!;
    private ServerGate _gate = null!;
    private ServiceProcess _orchestrator = null!;
    private IConnection _connection = null!;
    private IChannel _channel = null!;

    [Fact]
    public async Task Submissions_wait_for_the_database_and_are_not_in_the_error_queue()
    {
        await StartAsync();
        _gate.Close();
        await SubmitAsync();

        // More attempts than the retries of the bus have, and longer: the sweeper tries once a second.
        await Eventually.HoldsAsync(() => Task.FromResult(_gate.TurnedAway >= 25), "the orchestrator has tried 25 times");
        _gate.Open();

        await Eventually.HoldsAsync(async () => await InvocationsAsync() == 1, "the invocation is accepted");
        var missing = await Assert.ThrowsAsync<OperationInterruptedException>(() => _channel.QueueDeclarePassiveAsync(Submissions + "_error", Cancellation));
        // The bus makes an error queue when it first needs it.
        Assert.Equal((ushort)404, missing.ShutdownReason?.ReplyCode);
    }

    [Fact]
    public async Task A_submission_that_waits_for_the_database_goes_back_to_its_queue_when_the_orchestrator_stops()
    {
        await StartAsync();
        _gate.Close();
        await SubmitAsync();
        await Eventually.HoldsAsync(async () => await _channel.MessageCountAsync(Submissions, Cancellation) == 0, "the orchestrator has taken the submission");

        await _orchestrator.StopAsync(TimeSpan.FromSeconds(30));

        await Eventually.HoldsAsync(async () => await _channel.MessageCountAsync(Submissions, Cancellation) == 1, "the submission is back in its queue");
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var resource in new IAsyncDisposable?[] { _channel, _connection, _orchestrator, _gate, _database, _broker }.OfType<IAsyncDisposable>())
        {
            await resource.DisposeAsync();
        }
    }

    private async Task StartAsync()
    {
        _broker = await RabbitMqVirtualHost.CreateAsync();
        _database = await TestDatabase.CreateAsync("Postgres");
        var connection = new NpgsqlConnectionStringBuilder(_database.ConnectionString);
        _gate = new ServerGate(connection.Host!, connection.Port);
        connection.Host = "127.0.0.1";
        connection.Port = _gate.Port;
        var settings = new Dictionary<string, string>
        {
            ["Bus__Host"] = _broker.Uri.Host,
            ["Bus__Port"] = _broker.Uri.Port.ToString(CultureInfo.InvariantCulture),
            ["Bus__VirtualHost"] = _broker.Name,
            ["Bus__Username"] = _broker.Username,
            ["Bus__Password"] = _broker.Password,
            ["Bus__StopTimeout"] = "00:00:02",
            ["Database__Provider"] = "Postgres",
            ["Database__ConnectionString"] = connection.ConnectionString,
            ["Agents__Directory"] = Path.Combine(Checkout.Samples, "agents"),
        };
        await using (var migration = ServiceProcess.Start("Orchestrator", settings, "--migrate"))
        {
            Assert.Equal(0, await migration.ExitCodeAsync(TimeSpan.FromMinutes(1)));
        }

        _orchestrator = ServiceProcess.Start("Orchestrator", settings);
        await _orchestrator.ReadyAsync();
        _connection = await new ConnectionFactory { Uri = _broker.Uri }.CreateConnectionAsync(Cancellation);
        _channel = await _connection.CreateChannelAsync(new CreateChannelOptions(true, true), Cancellation);
    }

    private async Task SubmitAsync() => await _channel.BasicPublishAsync(
        "pipeline.invocations", "dispute-resolver", mandatory: true, new BasicProperties { ContentType = "application/json" }, DisputeCase.WithRefunds().First().Body, Cancellation);

    private async Task<long> InvocationsAsync()
    {
        await using var connection = new NpgsqlConnection(_database.ConnectionString);
        await connection.OpenAsync(Cancellation);
        await using var command = new NpgsqlCommand("SELECT count(*) FROM invocations", connection);
        return (long)(await command.ExecuteScalarAsync(Cancellation))!;
    }
}
