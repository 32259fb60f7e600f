using System.Diagnostics;
using System.Text.Json.Nodes;
using Npgsql;
using Pipeline.Chaos.Tests.Checks;
using Pipeline.Chaos.Tests.Load;

namespace Pipeline.Chaos.Tests;

/// <summary>
/// The whole pipeline as it is deployed: two orchestrators, two tool workers, two gateways and the simulated provider as processes, a
/// broker and a database of their own, and between each process and each server a proxy that can misbehave.
/// </summary>
internal sealed class PipelineDriver : IAsyncDisposable
{
    public const string OrchestratorDatabase = "pipeline_orchestrator";
    public const string ToolsDatabase = "pipeline_tools";
    public const string GatewayDatabase = "pipeline_llm";

    private readonly List<Replica> _replicas = [];
    private readonly Dictionary<string, FaultProxy> _brokerProxies = [];
    private readonly Dictionary<string, FaultProxy> _databaseProxies = [];
    private readonly bool _keepFolder;

    private PipelineDriver(string folder, bool keepFolder)
    {
        Folder = folder;
        _keepFolder = keepFolder;
        Servers = new PrivateServers(folder);
    }

    public string Folder { get; }

    public string Logs => Path.Combine(Folder, "logs");

    public PrivateServers Servers { get; }

    public IReadOnlyList<Replica> Replicas => _replicas;

    public IEnumerable<FaultProxy> BrokerProxies => _brokerProxies.Values;

    public IEnumerable<FaultProxy> DatabaseProxies => _databaseProxies.Values;

    public string Orchestrator => Servers.Database(OrchestratorDatabase);

    public string Tools => Servers.Database(ToolsDatabase);

    public Replica this[string name] => _replicas.Single(x => x.Name == name);

    public FaultProxy BrokerProxyOf(string replica) => _brokerProxies[replica];

    public static async Task<PipelineDriver> StartAsync(CaseBook cases, bool keepFolder, Action<string> say, CancellationToken cancellationToken)
    {
        var folder = await PrivateServers.NewFolderAsync();
        var driver = new PipelineDriver(folder, keepFolder);
        try
        {
            say($"Servers in {folder} …");
            await driver.StartServersAsync();
            await driver.CreateDatabasesAsync(cancellationToken);
            await cases.WriteSeedAsync(Path.Combine(folder, "accounts.json"), cancellationToken);
            await WriteAgentAsync(Path.Combine(folder, "agents"), cancellationToken);
            driver.DescribeReplicas(cases);
            say("Migrations …");
            await driver["orchestrator-1"].MigrateAsync(cancellationToken);
            await driver["tool-workers-1"].MigrateAsync(cancellationToken);
            await driver["llm-gateway-1"].MigrateAsync(cancellationToken);
            await Audit.InstallAsync(driver.Orchestrator, cancellationToken);
            say("Services …");
            driver._replicas.ForEach(x => x.Start());
            await driver.WhenReadyAsync(TimeSpan.FromMinutes(2), cancellationToken);
            return driver;
        }
        catch
        {
            await driver.DisposeAsync();
            throw;
        }
    }

    /// <summary>Returns when every replica says that it is ready.</summary>
    /// <exception cref="TimeoutException">One did not in time.</exception>
    public async Task WhenReadyAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        foreach (var replica in _replicas)
        {
            while (!await replica.IsReadyAsync(cancellationToken))
            {
                if (Stopwatch.GetElapsedTime(started) > limit)
                {
                    throw new TimeoutException($"{replica.Name} ({replica.State}) was not ready within {limit}. Its logs are in {Logs}.");
                }

                await timer.WaitForNextTickAsync(cancellationToken);
            }
        }
    }

    /// <summary>Undoes every fault that is left: what is frozen goes on, what is dead is started, what is cut is joined.</summary>
    public async Task HealAsync()
    {
        foreach (var proxy in BrokerProxies.Concat(DatabaseProxies))
        {
            proxy.Latency = TimeSpan.Zero;
            proxy.EndHalfOpen();
            proxy.AcceptAgain();
        }

        await Servers.UpAsync("rabbitmq", "postgres");
        foreach (var replica in _replicas)
        {
            if (replica.IsFrozen)
            {
                await replica.ThawAsync();
            }

            if (!replica.IsRunning)
            {
                replica.Start();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var replica in _replicas)
        {
            await replica.DisposeAsync();
        }

        foreach (var proxy in BrokerProxies.Concat(DatabaseProxies))
        {
            await proxy.DisposeAsync();
        }

        NpgsqlConnection.ClearAllPools();
        await Servers.DisposeAsync();
        if (!_keepFolder)
        {
            Directory.Delete(Folder, recursive: true);
        }
    }

    private async Task StartServersAsync()
    {
        try
        {
            await Servers.UpAsync("rabbitmq", "postgres");
        }
        catch (InvalidOperationException e)
        {
            throw new ServersUnavailableException($"RabbitMQ and PostgreSQL cannot be started here. {e.Message}", e);
        }
    }

    private void DescribeReplicas(CaseBook cases)
    {
        var simulator = FreePorts.Next();
        AddReplica("provider-simulator", "ProviderSimulator", simulator, new Dictionary<string, string>
        {
            ["ProviderSimulator__LatencyFactor"] = "0",
            ["ProviderSimulator__LedgerCapacity"] = $"{cases.Count * 8 + 10_000}",
        }, "--rules", Path.Combine(Checkout.Samples, "model-rules.json"), "--urls", $"http://127.0.0.1:{simulator}");
        for (var number = 1; number <= 2; number++)
        {
            AddOnBus($"tool-workers-{number}", "ToolWorkers", ToolsDatabase, new Dictionary<string, string>
            {
                ["Tools__Directory"] = Path.Combine(Folder, "tools"),
                ["Tools__Seed"] = Path.Combine(Folder, "accounts.json"),
            });
            AddOnBus($"llm-gateway-{number}", "LlmGateway", GatewayDatabase, new Dictionary<string, string>
            {
                ["Llm__OpenAi__BaseUrl"] = $"http://127.0.0.1:{simulator}/v1",
                ["Llm__OpenAi__ApiKey"] = "simulator",
                ["Llm__Anthropic__BaseUrl"] = $"http://127.0.0.1:{simulator}",
                ["Llm__Anthropic__ApiKey"] = "simulator",
            });
            AddOnBus($"orchestrator-{number}", "Orchestrator", OrchestratorDatabase, new Dictionary<string, string>
            {
                ["Agents__Directory"] = Path.Combine(Folder, "agents"),
                ["Logging__LogLevel__Pipeline.SagaStore"] = "Debug",
            });
        }
    }

    private void AddOnBus(string name, string project, string? database, Dictionary<string, string> settings)
    {
        var broker = _brokerProxies[name] = new FaultProxy(Servers.RabbitMqPort);
        settings["Bus__Transport"] = "RabbitMq";
        settings["Bus__Host"] = "127.0.0.1";
        settings["Bus__Port"] = $"{broker.Port}";
        settings["Bus__VirtualHost"] = "/";
        settings["Bus__Username"] = "guest";
        settings["Bus__Password"] = "guest";
        if (database is not null)
        {
            var proxy = _databaseProxies[name] = new FaultProxy(Servers.PostgresPort);
            settings["Database__Provider"] = "Postgres";
            // The application name tells the audit which replica committed.
            settings["Database__ConnectionString"] = $"Host=127.0.0.1;Port={proxy.Port};Username=postgres;Database={database};Application Name={name};Maximum Pool Size=50";
        }

        var port = FreePorts.Next();
        settings["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}";
        AddReplica(name, project, port, settings);
    }

    private void AddReplica(string name, string project, int port, Dictionary<string, string> settings, params string[] arguments)
    {
        settings["DOTNET_ENVIRONMENT"] = "Production";
        settings["Logging__LogLevel__Default"] = "Warning";
        // Two cores carry seven processes, a broker and a database: background collections of each would only fight for them.
        settings["DOTNET_gcServer"] = "0";
        settings["DOTNET_TieredPGO"] = "0";
        _replicas.Add(new Replica(name, project, port, Logs, settings, arguments));
    }

    private async Task CreateDatabasesAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(Servers.Database("postgres"));
        await connection.OpenAsync(cancellationToken);
        foreach (var name in new[] { OrchestratorDatabase, ToolsDatabase, GatewayDatabase })
        {
            await using var command = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>The sample's agent with an hour instead of minutes: outages on purpose must not look like a slow agent.</summary>
    private static async Task WriteAgentAsync(string folder, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        var agent = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(Checkout.Samples, "agents", "dispute-resolver.json"), cancellationToken))!;
        agent["limits"]!["deadlineSeconds"] = 3600;
        await File.WriteAllTextAsync(Path.Combine(folder, "dispute-resolver.json"), agent.ToJsonString(), cancellationToken);
        // The catalogue looks for the tools beside the agents.
        var tools = Directory.CreateDirectory(Path.Combine(folder, "..", "tools")).FullName;
        foreach (var manifest in Directory.EnumerateFiles(Path.Combine(Checkout.Samples, "tools")))
        {
            // Seven processes on a few cores: a tool that waits for the processor is not a tool that hangs.
            var tool = JsonNode.Parse(await File.ReadAllTextAsync(manifest, cancellationToken))!;
            tool["timeoutSeconds"] = 60;
            await File.WriteAllTextAsync(Path.Combine(tools, Path.GetFileName(manifest)), tool.ToJsonString(), cancellationToken);
        }
    }
}
