using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using Pipeline.Fixtures;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Pipeline.Integration.Tests.FailOver;

/// <summary>Two gateway processes on one broker and one database, each with a key of its own so that the provider can tell them apart.</summary>
internal sealed class GatewayPair : IAsyncDisposable
{
    public const int RequestsPerMinute = 600;
    public const int Concurrency = 20;

    private const string Organisation = "org-shared";

    private readonly ServiceProcess[] _gateways = new ServiceProcess[2];
    private readonly ConcurrentDictionary<string, int> _answers = new();
    private readonly HttpClient _http = new();
    private readonly RabbitMqVirtualHost _broker;
    private readonly TestDatabase _database;
    private readonly ServiceProcess _simulator;
    private readonly string _rules;
    private IConnection _connection = null!;
    private IChannel _channel = null!;

    private GatewayPair(RabbitMqVirtualHost broker, TestDatabase database, ServiceProcess simulator, string rules)
    {
        (_broker, _database, _simulator, _rules) = (broker, database, simulator, rules);
    }

    /// <summary>Deliveries of answers by the invocation they answer.</summary>
    public IReadOnlyDictionary<string, int> Answers => _answers;

    public static async Task<GatewayPair> StartAsync()
    {
        var broker = await RabbitMqVirtualHost.CreateAsync();
        var database = await TestDatabase.CreateAsync("Postgres");
        var rules = Path.GetTempFileName();
        await File.WriteAllTextAsync(rules, """{"latencyMs": 1000, "rules": [{"name": "any", "when": {}, "then": {"text": "Hello"}}]}""");
        var simulator = ServiceProcess.Start(
            "ProviderSimulator",
            [new("ProviderSimulator__Keys__key-0", Organisation), new("ProviderSimulator__Keys__key-1", Organisation)],
            "--rules", rules, "--urls", "http://127.0.0.1:0", "--preset", "Sliding60s", "--rpm", RequestsPerMinute.ToString(CultureInfo.InvariantCulture));
        var pair = new GatewayPair(broker, database, simulator, rules);
        await pair.StartGatewaysAsync();
        return pair;
    }

    public ServiceProcess this[int number] => _gateways[number];

    /// <summary>Asks for so many turns, each of an invocation of its own, as an orchestrator does.</summary>
    public async Task<List<string>> AskAsync(int count)
    {
        var ids = new List<string>();
        for (var i = 0; i < count; i++)
        {
            var id = Guid.NewGuid().ToString();
            ids.Add(id);
            var body = JsonSerializer.SerializeToUtf8Bytes(new
            {
                invocationId = id,
                turn = 1,
                tenant = "acme",
                agent = "greeter",
                pool = "default",
                systemPrompt = "Be brief.",
                messages = new[] { new { role = "User", text = "Hi" } },
                tools = Array.Empty<object>(),
                maxOutputTokens = 20,
                deadline = DateTimeOffset.UtcNow.AddMinutes(10),
            });
            await _channel.BasicPublishAsync(
                "llm.default", "", mandatory: false, new BasicProperties { ContentType = "application/json", DeliveryMode = DeliveryModes.Persistent, MessageId = Guid.NewGuid().ToString() }, body,
                TestContext.Current.CancellationToken);
        }

        return ids;
    }

    /// <summary>Which of the two has the limit domain, by the database; null while none has.</summary>
    public async Task<int?> OwnerAsync()
    {
        var owner = await ScalarAsync("""SELECT "Owner" FROM limit_domains WHERE "Name" = 'default'""") as string;
        return owner is null ? null : Array.FindIndex(_gateways, x => owner.Contains($"/{x.Id}/", StringComparison.Ordinal)) is var found and >= 0 ? found : null;
    }

    public async Task<long> CountAsync(string condition) => (long)(await ScalarAsync($"SELECT count(*) FROM {condition}"))!;

    public async Task<JsonElement> ReportAsync() =>
        await _http.GetFromJsonAsync<JsonElement>(new Uri(await _simulator.AddressAsync(), "ledger/report"), TestContext.Current.CancellationToken);

    /// <summary>Calls that the provider got from one of the two.</summary>
    public async Task<int> CallsOfAsync(int number)
    {
        var entries = await _http.GetFromJsonAsync<JsonElement>(new Uri(await _simulator.AddressAsync(), $"ledger/entries?key={Alias(number)}&limit=10000"), TestContext.Current.CancellationToken);
        return (entries.ValueKind == JsonValueKind.Array ? entries : entries.GetProperty("entries")).GetArrayLength();
    }

    public string Logs() => string.Join(Environment.NewLine, _gateways.Select((x, i) => $"--- gateway {i}{Environment.NewLine}{x.Output}"));

    public async ValueTask DisposeAsync()
    {
        await _channel.DisposeAsync();
        await _connection.DisposeAsync();
        foreach (var process in _gateways.Append(_simulator))
        {
            await process.DisposeAsync();
        }

        await _broker.DisposeAsync();
        await _database.DisposeAsync();
        _http.Dispose();
        File.Delete(_rules);
    }

    private static string Alias(int number) => $"key-{number}";

    private async Task StartGatewaysAsync()
    {
        await _simulator.AddressAsync();
        await using (var migration = ServiceProcess.Start("LlmGateway", await SettingsAsync(0), "--migrate"))
        {
            Assert.True(await migration.ExitCodeAsync(TimeSpan.FromMinutes(1)) == 0, $"The migrations failed:{Environment.NewLine}{migration.Output}");
        }

        for (var number = 0; number < _gateways.Length; number++)
        {
            _gateways[number] = ServiceProcess.Start("LlmGateway", await SettingsAsync(number));
        }

        await Task.WhenAll(_gateways.Select(x => x.ReadyAsync()));
        var cancellation = TestContext.Current.CancellationToken;
        _connection = await new ConnectionFactory { Uri = _broker.Uri }.CreateConnectionAsync(cancellation);
        _channel = await _connection.CreateChannelAsync(new CreateChannelOptions(publisherConfirmationsEnabled: true, publisherConfirmationTrackingEnabled: true), cancellation);
        await _channel.ExchangeDeclareAsync("invocation-events", ExchangeType.Fanout, durable: true, cancellationToken: cancellation);
        var queue = await _channel.QueueDeclareAsync(cancellationToken: cancellation);
        await _channel.QueueBindAsync(queue.QueueName, "invocation-events", "", cancellationToken: cancellation);
        var consumer = new AsyncEventingBasicConsumer(_channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            var message = JsonSerializer.Deserialize<JsonElement>(delivery.Body.Span).GetProperty("message");
            if (message.TryGetProperty("usage", out var _))
            {
                _answers.AddOrUpdate(message.GetProperty("invocationId").GetString()!, 1, (_, count) => count + 1);
            }

            return Task.CompletedTask;
        };
        await _channel.BasicConsumeAsync(queue.QueueName, autoAck: true, consumer, cancellation);
    }

    private async Task<Dictionary<string, string>> SettingsAsync(int number) => new()
    {
        ["Bus__Transport"] = "RabbitMq",
        ["Bus__Host"] = _broker.Uri.Host,
        ["Bus__Port"] = _broker.Uri.Port.ToString(CultureInfo.InvariantCulture),
        ["Bus__VirtualHost"] = _broker.Name,
        ["Bus__Username"] = _broker.Username,
        ["Bus__Password"] = _broker.Password,
        ["Database__Provider"] = "Postgres",
        ["Database__ConnectionString"] = _database.ConnectionString,
        ["Llm__OpenAi__BaseUrl"] = new Uri(await _simulator.AddressAsync(), "v1").ToString(),
        ["Llm__OpenAi__ApiKey"] = Alias(number),
        ["Llm__Pools__default__RequestsPerMinute"] = RequestsPerMinute.ToString(CultureInfo.InvariantCulture),
        ["Llm__Pools__default__Concurrency"] = Concurrency.ToString(CultureInfo.InvariantCulture),
    };

    private async Task<object?> ScalarAsync(string query)
    {
        await using var connection = new NpgsqlConnection(_database.ConnectionString);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
#pragma warning disable CA2100 // The tests' own constants.
        await using var command = new NpgsqlCommand(query, connection);
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync(TestContext.Current.CancellationToken) is var value and not DBNull ? value : null;
    }
}
