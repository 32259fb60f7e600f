using System.Text.Json;
using Pipeline.Benchmarks.Invocations;
using Pipeline.Benchmarks.Measurement;
using Pipeline.Benchmarks.Servers;
using Pipeline.Contracts;
using Pipeline.LlmGateway.Pools;

namespace Pipeline.Benchmarks.Limiter;

/// <summary>A virtual host, a database, providers and gateways as processes: everything of one measurement, gone at its end.</summary>
internal sealed class LimiterRig : IAsyncDisposable
{
    private const string Assembly = "Pipeline.LlmGateway";

    // Until the domains of the gateway are wired, a pool has all the settings.
    private static readonly bool HasDomains = typeof(LlmOptions).GetProperty("Domains") is not null;

    private static readonly bool HasAzure = typeof(PoolOptions).GetProperty("ApiVersion") is not null;

    private readonly ServerAddresses _servers;
    private readonly bool _keepsLogs;
    private readonly Dictionary<string, string?> _settings;
    private readonly List<Simulator> _simulators = [];
    private readonly List<ServiceProcess> _gateways = [];
    private readonly List<ServiceProcess> _ended = [];
    private ModelCallers? _callers;
    private bool _isMigrated;

    private LimiterRig(ServerAddresses servers, string folder, bool keepsLogs, RabbitVirtualHost broker, PostgresDatabase database)
    {
        (_servers, Folder, _keepsLogs, Broker, Database) = (servers, folder, keepsLogs, broker, database);
        _settings = RabbitMqInvocations.With(RabbitMqInvocations.Bus(broker), database);
        _settings["Llm__OperatorKey"] = OperatorKey;
    }

    /// <summary>Opens the gateways' own pages.</summary>
    public static string OperatorKey { get; } = $"operator-{MassTransit.NewId.NextGuid():N}";

    public string Folder { get; }

    public RabbitVirtualHost Broker { get; }

    public PostgresDatabase Database { get; }

    public IReadOnlyList<ServiceProcess> Gateways => _gateways;

    public IReadOnlyList<Simulator> Simulators => _simulators;

    public ModelCallers Callers => _callers ?? throw new InvalidOperationException("Start the gateways first.");

    public static async Task<LimiterRig> CreateAsync(LimiterSettings settings, string purpose)
    {
        var folder = settings.Logs is { } logs
            ? Directory.CreateDirectory(Path.Combine(logs.FullName, $"{purpose}-{MassTransit.NewId.NextGuid():N}")).FullName
            : Directory.CreateTempSubdirectory($"limiter-{purpose}-").FullName;
        var broker = await RabbitVirtualHost.CreateAsync(settings.Servers);
        var database = await PostgresDatabase.CreateAsync(settings.Servers.Postgres!, "gateway");
        return new LimiterRig(settings.Servers, folder, settings.Logs is not null, broker, database);
    }

    /// <summary>A provider whose agents of each kind write what <see cref="RequestSizes.Kinds"/> says, in 100 to 400 ms.</summary>
    /// <param name="name">Of the process.</param>
    /// <param name="settings">Of section <c>ProviderSimulator</c>, the section's name left out.</param>
    /// <param name="latency">Milliseconds of a call; null for 100 to 400.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Simulator> StartSimulatorAsync(string name, IReadOnlyDictionary<string, string?> settings, int? latency, CancellationToken cancellationToken)
    {
        var rules = Path.Combine(Folder, name + "-rules.json");
        await File.WriteAllTextAsync(
            rules,
            JsonSerializer.Serialize(new
            {
                seed = 7,
                latencyMs = latency is { } fixedLatency ? new { min = fixedLatency, max = fixedLatency } : new { min = 100, max = 400 },
                rules = RequestSizes.Kinds.Select((kind, index) => new
                {
                    name = $"kind {index}",
                    when = new { system = $"^Kind {index}\\." },
                    then = new { text = "The second charge is refunded.", outputTokens = kind.Written },
                }),
            }),
            cancellationToken);
        var environment = settings.ToDictionary(x => $"ProviderSimulator__{x.Key.Replace(":", "__", StringComparison.Ordinal)}", x => x.Value);
        environment["ProviderSimulator__LedgerCapacity"] = "1000000";
        environment["Logging__LogLevel__Default"] = "Warning";
        var process = ServiceProcess.Start(name, "Pipeline.ProviderSimulator", ["--rules", rules], environment, Folder, addressOption: "--urls");
        var simulator = new Simulator(process);
        _simulators.Add(simulator);
        await process.WhenReadyAsync("health/live", cancellationToken);
        return simulator;
    }

    /// <summary>A pool with a limit domain of its own, of the same name.</summary>
    /// <param name="name">Of both.</param>
    /// <param name="shape">What is at its address.</param>
    /// <param name="address">The provider's.</param>
    /// <param name="keys">Alias and key.</param>
    /// <param name="limits">Settings of the domain, as an operator would copy them from the provider's page. No hint of the shape.</param>
    /// <param name="more">Settings of the pool.</param>
    public void AddPool(
        string name, ProviderShape shape, Uri address, IReadOnlyDictionary<string, string> keys, IReadOnlyDictionary<string, string?> limits, IReadOnlyDictionary<string, string?>? more = null)
    {
        var pool = $"Llm__Pools__{name}__";
        _settings[pool + "Provider"] = shape.Provider;
        _settings[pool + "BaseUrl"] = new Uri(address, shape.Path).ToString();
        _settings[pool + "Model"] = shape.Provider == "anthropic" ? "claude-simulated" : "gpt-simulated";
        foreach (var (key, value) in more ?? new Dictionary<string, string?>())
        {
            _settings[pool + key] = value;
        }

        if (!HasDomains)
        {
            _settings[pool + "Provider"] = shape.Provider == "azure" && !HasAzure ? "openai" : shape.Provider;
            _settings[pool + "ApiKey"] = keys.Values.First();
            _settings[pool + "Concurrency"] = limits.GetValueOrDefault("Concurrency", "100");
            _settings[pool + "RequestsPerMinute"] = limits.GetValueOrDefault("RequestsPerMinute");
            _settings[pool + "TokensPerMinute"] = limits.GetValueOrDefault("TokensPerMinute") ?? limits.GetValueOrDefault("InputTokensPerMinute");
            return;
        }

        _settings[pool + "Domains__0"] = name;
        var domain = $"Llm__Domains__{name}__";
        foreach (var (key, value) in limits)
        {
            _settings[domain + key] = value;
        }

        foreach (var (alias, key) in keys)
        {
            _settings[$"{domain}Keys__{alias}__Value"] = key;
        }
    }

    public void Set(string setting, string? value) => _settings[setting] = value;

    /// <summary>Starts gateways, waits until all pools have their queue, and connects the callers.</summary>
    public async Task StartGatewaysAsync(int count, IEnumerable<string> pools, CancellationToken cancellationToken)
    {
        if (!_isMigrated)
        {
            await ServiceProcess.RunAsync(Assembly, ["--migrate"], _settings, Folder, cancellationToken);
            _isMigrated = true;
        }

        for (var number = 0; number < count; number++)
        {
            StartGateway();
        }

        foreach (var gateway in _gateways)
        {
            await gateway.WhenReadyAsync(cancellationToken);
        }

        _callers ??= await ModelCallers.ConnectAsync(Broker.Uri, cancellationToken);
        foreach (var pool in pools)
        {
            await _callers.WhenQueueExistsAsync(pool, cancellationToken);
        }
    }

    /// <summary>Kills the process that serves a pool, as kill -9 does, and starts another in its place.</summary>
    /// <param name="pool">Whose server dies.</param>
    /// <param name="pools">All pools.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>When, and which of the pools it served; null where nobody serves the pool now.</returns>
    public async Task<OwnerKill?> KillOwnerAsync(string pool, IEnumerable<string> pools, CancellationToken cancellationToken)
    {
        var owner = await Broker.ConsumerProcessAsync(QueueName.ModelPool(pool), cancellationToken);
        if (_gateways.Find(x => x.Id == owner) is not { } gateway)
        {
            return null;
        }

        var served = new List<string> { pool };
        foreach (var other in pools.Where(x => x != pool))
        {
            if (await Broker.ConsumerProcessAsync(QueueName.ModelPool(other), cancellationToken) == owner)
            {
                served.Add(other);
            }
        }

        var at = TimeProvider.System.GetUtcNow();
        await gateway.KillAsync();
        _gateways.Remove(gateway);
        _ended.Add(gateway);
        StartGateway();
        return new OwnerKill(at, served);
    }

    public async Task StopGatewaysAsync()
    {
        await Task.WhenAll(_gateways.Select(x => x.StopAsync()));
        _ended.AddRange(_gateways);
        _gateways.Clear();
    }

    public CpuMeter MeasureCpu() => CpuMeter.Start(
    [
        .. _gateways.Select(x => x.Tree), .. _simulators.Select(x => x.Process.Tree),
        ProcessTree.Own("load"), RabbitVirtualHost.Process(Broker.Server), PostgresDatabase.Process(_servers.Postgres!),
    ]);

    public async ValueTask DisposeAsync()
    {
        await StopGatewaysAsync();
        foreach (var gateway in _ended)
        {
            await gateway.DisposeAsync();
        }

        foreach (var simulator in _simulators)
        {
            await simulator.DisposeAsync();
        }

        if (_callers is not null)
        {
            await _callers.DisposeAsync();
        }

        await Broker.DisposeAsync();
        await Database.DisposeAsync();
        if (!_keepsLogs)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    private void StartGateway() => _gateways.Add(ServiceProcess.Start($"gateway-{_gateways.Count + _ended.Count + 1}", Assembly, [], _settings, Folder));
}
