using System.Globalization;
using Npgsql;
using Pipeline.Fixtures;

namespace Pipeline.Integration.Tests.Outages;

/// <summary>A service as a process, with a gate in its way to the database and one in its way to the broker.</summary>
internal sealed class GatedService : IAsyncDisposable
{
    private GatedService(RabbitMqVirtualHost broker, TestDatabase database)
    {
        var connection = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        (Broker, TestDatabase) = (broker, database);
        DatabaseGate = new ServerGate(connection.Host!, connection.Port);
        BrokerGate = new ServerGate(broker.Uri.Host, broker.Uri.Port);
    }

    public RabbitMqVirtualHost Broker { get; }

    public TestDatabase TestDatabase { get; }

    public ServerGate DatabaseGate { get; }

    public ServerGate BrokerGate { get; }

    public ServiceProcess Process { get; private set; } = null!;

    public HttpClient Http { get; } = new() { Timeout = TimeSpan.FromMinutes(2) };

    public static async Task<GatedService> StartAsync(string service, Dictionary<string, string> settings)
    {
        var gated = new GatedService(await RabbitMqVirtualHost.CreateAsync(), await TestDatabase.CreateAsync("Postgres"));
        var all = gated.Settings().Concat(settings).ToDictionary();
        await using (var migration = ServiceProcess.Start(service, all, "--migrate"))
        {
            Assert.True(await migration.ExitCodeAsync(TimeSpan.FromMinutes(1)) == 0, migration.Output);
        }

        gated.Process = ServiceProcess.Start(service, all);
        await gated.Process.ReadyAsync();
        gated.Http.BaseAddress = await gated.Process.AddressAsync();
        return gated;
    }

    /// <summary>Waits for a line of its log.</summary>
    public Task LogsAsync(string text) => Eventually.HoldsAsync(
        () =>
        {
            Assert.False(Process.HasExited, Process.Output);
            return Task.FromResult(Process.Output.Contains(text, StringComparison.Ordinal));
        },
        $"the log says \"{text}\"");

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        if (TestContext.Current.TestState?.Result == TestResult.Failed)
        {
            Console.WriteLine(Process?.Output);
        }

        foreach (var resource in new IAsyncDisposable?[] { Process, DatabaseGate, BrokerGate, TestDatabase, Broker }.OfType<IAsyncDisposable>())
        {
            await resource.DisposeAsync();
        }
    }

    private Dictionary<string, string> Settings() => new()
    {
        ["Bus__Host"] = "127.0.0.1",
        ["Bus__Port"] = BrokerGate.Port.ToString(CultureInfo.InvariantCulture),
        ["Bus__VirtualHost"] = Broker.Name,
        ["Bus__Username"] = Broker.Username,
        ["Bus__Password"] = Broker.Password,
        ["Bus__StopTimeout"] = "00:00:02",
        ["Database__Provider"] = "Postgres",
        ["Database__ConnectionString"] = new NpgsqlConnectionStringBuilder(TestDatabase.ConnectionString) { Host = "127.0.0.1", Port = DatabaseGate.Port }.ConnectionString,
    };
}
