using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using Pipeline.Fixtures;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Pipeline.Integration.Tests.CrashPoints;

/// <summary>
/// The pipeline as it is deployed: four processes, a RabbitMQ virtual host and three PostgreSQL databases of its own, and a client that
/// knows nothing but the wire.
/// </summary>
public sealed class RunningPipeline : IAsyncLifetime
{
    private const string Simulator = "ProviderSimulator";

    private readonly PipelineSetup _setup;
    private readonly Dictionary<string, ServiceProcess> _processes = [];
    private readonly ConcurrentQueue<ReceivedEvent> _events = new();
    private readonly HttpClient _http = new();
    private RabbitMqVirtualHost _broker = null!;
    private TestDatabase _invocations = null!;
    private TestDatabase _tools = null!;
    private TestDatabase _completions = null!;
    private IConnection _connection = null!;
    private IChannel _channel = null!;
    private Task? _start;

    public RunningPipeline()
        : this(new PipelineSetup())
    {
    }

    internal RunningPipeline(PipelineSetup setup) => _setup = setup;

    public IReadOnlyCollection<ReceivedEvent> Events => _events;

    /// <summary>AMQP URI of its virtual host.</summary>
    public Uri Broker => _broker.Uri;

    /// <summary>Connection string of the tool workers' database.</summary>
    public string ToolsDatabase => _tools.ConnectionString;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>Called by each test, not by the framework: without servers it is the test that is skipped. Starts once; a failure is everybody's.</summary>
    public Task StartAsync() => _start ??= StartOnceAsync();

    private async Task StartOnceAsync()
    {
        _broker = await RabbitMqVirtualHost.CreateAsync();
        _invocations = await TestDatabase.CreateAsync("Postgres");
        _tools = await TestDatabase.CreateAsync("Postgres");
        _completions = await TestDatabase.CreateAsync("Postgres");
        var simulator = ServiceProcess.Start(Simulator, [], "--rules", _setup.Rules, "--urls", "http://127.0.0.1:0", "--latency", "0");
        _processes[Simulator] = simulator;
        await simulator.AddressAsync();
        await Task.WhenAll(MigrateAsync("Orchestrator"), MigrateAsync("ToolWorkers"), MigrateAsync("LlmGateway"));
        foreach (var service in _setup.Services)
        {
            _processes[service] = ServiceProcess.Start(service, await SettingsAsync(service));
        }

        await Task.WhenAll(_setup.Services.Select(x => _processes[x].ReadyAsync()));
        await ConnectAsync();
    }

    public ServiceProcess this[string service] => _processes[service];

    /// <summary>Ends the service's process, if it still runs, and starts another.</summary>
    /// <param name="service">The service.</param>
    /// <param name="crashAt">The crash point at which the new process kills itself.</param>
    /// <param name="crashOf">Only for this one of those who pass there.</param>
    /// <param name="settings">Settings for the new process alone.</param>
    public async Task<ServiceProcess> ReplaceAsync(string service, string? crashAt = null, string? crashOf = null, Dictionary<string, string>? settings = null)
    {
        await _processes[service].DisposeAsync();
        settings = (await SettingsAsync(service)).Concat(settings ?? []).ToDictionary();
        if (crashAt is not null)
        {
            settings["Crash__At"] = crashAt;
            settings["Crash__Of"] = crashOf ?? "";
            settings["Crash__Allowed"] = "true";
        }

        return _processes[service] = ServiceProcess.Start(service, settings);
    }

    /// <summary>Submits plain JSON, as any AMQP client does, and waits for the broker's confirm.</summary>
    public Task SubmitAsync(DisputeCase dispute) => SubmitAsync("dispute-resolver", dispute.Body);

    /// <summary>Submits plain JSON for an agent.</summary>
    public async Task SubmitAsync(string agent, byte[] body) =>
        await _channel.BasicPublishAsync(
            "pipeline.invocations",
            agent,
            mandatory: true,
            new BasicProperties { ContentType = "application/json", DeliveryMode = DeliveryModes.Persistent },
            body,
            TestContext.Current.CancellationToken);

    /// <summary>Takes away what is ready in a queue.</summary>
    public Task<uint> PurgeAsync(string queue) => _channel.QueuePurgeAsync(queue, TestContext.Current.CancellationToken);

    public Task<uint> ReadyInAsync(string queue) => _channel.MessageCountAsync(queue, TestContext.Current.CancellationToken);

    public Task<uint> ConsumersOfAsync(string queue) => _channel.ConsumerCountAsync(queue, TestContext.Current.CancellationToken);

    /// <param name="isDurable">True for the services' queues, false for those that go with whoever listens on them.</param>
    public async Task<List<string>> QueuesAsync(bool isDurable)
    {
        var management = new Uri(TestServers.RabbitMqManagement!);
        using var request = new HttpRequestMessage(HttpMethod.Get, new UriBuilder(management) { UserName = "", Password = "", Path = $"api/queues/{_broker.Name}", Query = "columns=name,durable" }.Uri);
        request.Headers.Authorization = new("Basic", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(Uri.UnescapeDataString(management.UserInfo))));
        using var answer = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        return [.. (await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).EnumerateArray()
            .Where(x => x.GetProperty("durable").GetBoolean() == isDurable).Select(x => x.GetProperty("name").GetString()!)];
    }

    public Task<List<object?[]>> InvocationRowsAsync(string query, params object[] parameters) => RowsAsync(_invocations, query, parameters);

    public Task<List<object?[]>> ToolRowsAsync(string query, params object[] parameters) => RowsAsync(_tools, query, parameters);

    /// <summary>What the provider saw: how often each <c>invocation-turn</c> was answered.</summary>
    public async Task<IReadOnlyDictionary<string, int>> ModelCallsAsync()
    {
        var ledger = await _http.GetFromJsonAsync<JsonElement>(new Uri(await _processes[Simulator].AddressAsync(), "ledger?recent=1000"), TestContext.Current.CancellationToken);
        return ledger.GetProperty("recent").EnumerateArray()
            .Where(x => x.TryGetProperty("idempotencyKey", out var key) && key.ValueKind == JsonValueKind.String)
            .CountBy(x => x.GetProperty("idempotencyKey").GetString()!)
            .ToDictionary();
    }

    /// <summary>The refunds, as the sample bank tells them.</summary>
    public async Task<List<(string Transaction, long AmountCents)>> RefundsAsync()
    {
        var refunds = await _http.GetFromJsonAsync<JsonElement>(new Uri(await _processes["ToolWorkers"].AddressAsync(), "refunds"), TestContext.Current.CancellationToken);
        return [.. refunds.EnumerateArray().Select(x => (x.GetProperty("transactionId").GetString()!, x.GetProperty("amountCents").GetInt64()))];
    }

    /// <summary>For a failed test: the ends of all logs.</summary>
    public string Logs() => string.Join(Environment.NewLine, _processes.Values.Select(x => $"--- {x.Service}{Environment.NewLine}{x.Output}"));

    public async ValueTask DisposeAsync()
    {
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }

        foreach (var process in _processes.Values)
        {
            await process.DisposeAsync();
        }

        foreach (var server in new IAsyncDisposable?[] { _broker, _invocations, _tools, _completions }.OfType<IAsyncDisposable>())
        {
            await server.DisposeAsync();
        }

        _http.Dispose();
    }

    private async Task MigrateAsync(string service)
    {
        await using var migration = ServiceProcess.Start(service, await SettingsAsync(service), "--migrate");
        Assert.True(await migration.ExitCodeAsync(TimeSpan.FromMinutes(1)) == 0, $"The migrations of {service} failed:{Environment.NewLine}{migration.Output}");
    }

    /// <summary>The environment of a service's process.</summary>
    public async Task<Dictionary<string, string>> SettingsAsync(string service)
    {
        var settings = new Dictionary<string, string>
        {
            ["Bus__Transport"] = "RabbitMq",
            ["Bus__Host"] = _broker.Uri.Host,
            ["Bus__Port"] = _broker.Uri.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
            ["Bus__VirtualHost"] = _broker.Name,
            ["Bus__Username"] = _broker.Username,
            ["Bus__Password"] = _broker.Password,
            ["Database__Provider"] = "Postgres",
        };
        switch (service)
        {
            case "Orchestrator":
                settings["Database__ConnectionString"] = _invocations.ConnectionString;
                settings["Agents__Directory"] = _setup.Agents;
                // The test looks for what failed in the broker's queues.
                settings["DeadLetters__Collect"] = "false";
                break;
            case "ToolWorkers" or "LedgerTools":
                settings["Database__ConnectionString"] = _tools.ConnectionString;
                settings["Tools__Directory"] = _setup.Tools;
                settings["Tools__Seed"] = Path.Combine(Checkout.Samples, "accounts.json");
                break;
            default:
                settings["Database__ConnectionString"] = _completions.ConnectionString;
                var simulator = await _processes[Simulator].AddressAsync();
                settings["Llm__OpenAi__BaseUrl"] = new Uri(simulator, "v1").ToString();
                settings["Llm__OpenAi__ApiKey"] = "simulator";
                break;
        }

        foreach (var (name, value) in _setup.Settings.GetValueOrDefault(service) ?? new Dictionary<string, string>())
        {
            settings[name] = value;
        }

        return settings;
    }

    private async Task ConnectAsync()
    {
        var cancellation = TestContext.Current.CancellationToken;
        _connection = await new ConnectionFactory { Uri = _broker.Uri }.CreateConnectionAsync(cancellation);
        _channel = await _connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancellation);
        var queue = await _channel.QueueDeclareAsync(cancellationToken: cancellation);
        // A subscriber declares the exchange as the publisher does: it may be there first.
        await _channel.ExchangeDeclareAsync("pipeline.events", ExchangeType.Topic, durable: true, cancellationToken: cancellation);
        await _channel.QueueBindAsync(queue.QueueName, "pipeline.events", "#", cancellationToken: cancellation);
        var consumer = new AsyncEventingBasicConsumer(_channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            var body = JsonSerializer.Deserialize<JsonElement>(delivery.Body.Span);
            _events.Enqueue(new ReceivedEvent(delivery.BasicProperties.MessageId, body.GetProperty("event").GetString()!, body.GetProperty("invocationId").GetGuid(), body));
            return Task.CompletedTask;
        };
        await _channel.BasicConsumeAsync(queue.QueueName, autoAck: true, consumer, cancellation);
    }

    private static async Task<List<object?[]>> RowsAsync(TestDatabase database, string query, object[] parameters)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand(query, connection);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }

        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var rows = new List<object?[]>();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            var row = new object[reader.FieldCount];
            reader.GetValues(row);
            rows.Add([.. row.Select(x => x is DBNull ? null : x)]);
        }

        return rows;
    }
}
