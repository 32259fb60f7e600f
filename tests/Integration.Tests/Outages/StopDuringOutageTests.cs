using System.Globalization;
using Npgsql;
using Pipeline.Fixtures;
using Pipeline.Integration.Tests.CrashPoints;
using RabbitMQ.Client;

namespace Pipeline.Integration.Tests.Outages;

public sealed class StopDuringOutageTests
{
    private const string Submissions = "invocations.dispute-resolver";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_orchestrator_that_is_stopped_while_its_database_is_away_gives_its_deliveries_back()
    {
        await using var broker = await RabbitMqVirtualHost.CreateAsync();
        await using var database = await TestDatabase.CreateAsync("Postgres");
        var connection = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        await using var gate = new DatabaseGate(connection.Host!, connection.Port);
        connection.Host = "127.0.0.1";
        connection.Port = gate.Port;
        var settings = new Dictionary<string, string>
        {
            ["Bus__Host"] = broker.Uri.Host,
            ["Bus__Port"] = broker.Uri.Port.ToString(CultureInfo.InvariantCulture),
            ["Bus__VirtualHost"] = broker.Name,
            ["Bus__Username"] = broker.Username,
            ["Bus__Password"] = broker.Password,
            ["Bus__StopTimeout"] = "00:00:02",
            ["Database__Provider"] = "Postgres",
            ["Database__ConnectionString"] = connection.ConnectionString,
            ["Agents__Directory"] = Path.Combine(Checkout.Samples, "agents"),
        };
        await using (var migration = ServiceProcess.Start("Orchestrator", settings, "--migrate"))
        {
            Assert.Equal(0, await migration.ExitCodeAsync(TimeSpan.FromMinutes(1)));
        }

        await using var orchestrator = ServiceProcess.Start("Orchestrator", settings);
        await orchestrator.ReadyAsync();
        await using var client = await new ConnectionFactory { Uri = broker.Uri }.CreateConnectionAsync(Cancellation);
        await using var channel = await client.CreateChannelAsync(new CreateChannelOptions(true, true), Cancellation);

        gate.Close();
        await channel.BasicPublishAsync(
            "pipeline.invocations", "dispute-resolver", mandatory: true, new BasicProperties { ContentType = "application/json" }, DisputeCase.WithRefunds().First().Body, Cancellation);
        try
        {
            await Eventually.HoldsAsync(() => Task.FromResult(orchestrator.Output.Contains("the database does not answer", StringComparison.Ordinal)), "the orchestrator has met the outage");
        }
        finally
        {
            TestContext.Current.TestOutputHelper?.WriteLine(orchestrator.Output);
        }

        await orchestrator.StopAsync(TimeSpan.FromSeconds(30));

        await Eventually.HoldsAsync(async () => await channel.MessageCountAsync(Submissions, Cancellation) == 1, "the submission is back in its queue");
    }
}
