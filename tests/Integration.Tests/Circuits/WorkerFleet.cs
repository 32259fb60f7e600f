using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using MassTransit;
using Microsoft.AspNetCore.Http;
using Pipeline.Contracts;
using Pipeline.Contracts.ToolCalls;
using Pipeline.Fixtures;
using Pipeline.Integration.Tests.CrashPoints;
using Pipeline.Integration.Tests.Effects;

namespace Pipeline.Integration.Tests.Circuits;

/// <summary>
/// Two worker processes behind one broker and one database, a server behind their tools, and a caller. What one of them changes, the other
/// can only hear of over the bus: they do not look into the database by themselves while a test lasts.
/// </summary>
public sealed class WorkerFleet : IAsyncLifetime
{
    private const string OperatorKey = "an operator's key of some length";

    /// <summary>So many failures open a circuit.</summary>
    public const int Threshold = 10;

    private static readonly HttpClient Http = new();

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pipeline-fleet-");
    private readonly Channel<object> _answers = Channel.CreateUnbounded<object>();
    private readonly List<ServiceProcess> _workers = [];
    private EffectServer? _server;
    private RunningPipeline? _pipeline;
    private IBusControl? _bus;
    private Task? _start;

    public RunningPipeline Pipeline => _pipeline ?? throw new InvalidOperationException("Call StartAsync first.");

    internal EffectServer Server => _server ?? throw new InvalidOperationException("Call StartAsync first.");

    public IReadOnlyList<ServiceProcess> Workers => _workers;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public Task StartAsync() => _start ??= StartOnceAsync();

    /// <summary>Calls a tool as the orchestrator does, with an answer address.</summary>
    public async Task CallAsync(string tool)
    {
        var endpoint = await _bus!.GetSendEndpoint(new Uri($"exchange:{QueueName.Tool(tool)}"));
        var call = new RunTool
        {
            InvocationId = NewId.NextGuid(),
            Turn = 1,
            CallId = NewId.NextGuid().ToString(),
            Tool = tool,
            Arguments = """{"subject":"s"}""",
            Tenant = "acme",
            Agent = "effects",
            Deadline = TimeProvider.System.GetUtcNow() + TimeSpan.FromMinutes(10),
        };
        await endpoint.Send(call, x => x.ResponseAddress = new Uri("exchange:answers"), TestContext.Current.CancellationToken);
    }

    /// <returns><see cref="ToolSucceeded"/> or <see cref="ToolFailed"/>.</returns>
    public async Task<object> NextAnswerAsync() => await _answers.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TimeSpan.FromMinutes(2));

    public async Task<object> AskAsync(string tool)
    {
        await CallAsync(tool);
        return await NextAnswerAsync();
    }

    /// <summary>A tool's circuit, as each worker has it.</summary>
    public async Task<string[]> StatesAsync(string tool)
    {
        var states = new List<string>();
        foreach (var worker in _workers)
        {
            var tools = await Http.GetFromJsonAsync<JsonElement>(new Uri(await worker.AddressAsync(), "tools"), TestContext.Current.CancellationToken);
            states.Add(tools.EnumerateArray().Single(x => x.GetProperty("name").GetString() == tool).GetProperty("breaker").GetString()!);
        }

        return [.. states];
    }

    public Task AgreeAsync(string tool, string state) =>
        Eventually.HoldsAsync(async () => (await StatesAsync(tool)).All(x => x == state), $"both workers have the circuit of {tool} {state}");

    /// <summary>An operator's word to one of the workers.</summary>
    public static async Task OrderAsync(ServiceProcess worker, string tool, string action)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(await worker.AddressAsync(), $"tools/{tool}/circuit")) { Content = JsonContent.Create(new { action, reason = "A test." }) };
        request.Headers.Add("X-Api-Key", OperatorKey);
        using var answer = await Http.SendAsync(request, TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Starts a worker beside the others.</summary>
    public async Task<ServiceProcess> StartWorkerAsync(params string[] tools)
    {
        var settings = await Pipeline.SettingsAsync("ToolWorkers");
        settings["Tools__AllowedPrivateHosts__0"] = Server.Address.Authority;
        settings["Tools__OperatorKey"] = OperatorKey;
        settings["Tools__CircuitPollInterval"] = "00:10:00";
        // A busy machine must not look like a database that is away: each would then go on for itself.
        settings["Tools__CircuitStoreTimeout"] = "00:00:30";
        for (var index = 0; index < tools.Length; index++)
        {
            settings[$"Tools__Serve__{index}"] = tools[index];
        }

        return ServiceProcess.Start("ToolWorkers", settings);
    }

    public async ValueTask DisposeAsync()
    {
        if (_bus is not null)
        {
            await _bus.StopAsync();
        }

        foreach (var resource in _workers.Concat(new IAsyncDisposable?[] { _pipeline, _server }.OfType<IAsyncDisposable>()))
        {
            await resource.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }

    private async Task StartOnceAsync()
    {
        _server = await EffectServer.StartAsync();
        _server.Answer = _ => Task.FromResult(StatusCodes.Status200OK);
        var tools = _folder.CreateSubdirectory("tools").FullName;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Checkout.Samples, "tools")))
        {
            File.Copy(file, Path.Combine(tools, Path.GetFileName(file)));
        }

        foreach (var (name, fallback) in new[] { ("probed", null), ("ordered", null), ("fronted", "unheard"), ("covered", "deserted"), ("unheard", null), ("deserted", (string?)null) })
        {
            await File.WriteAllTextAsync(Path.Combine(tools, $"{name}.json"), Manifest(name, fallback).ToJsonString());
        }

        _pipeline = new RunningPipeline(new PipelineSetup { Services = [], Tools = tools });
        await _pipeline.StartAsync();
        _bus = Bus.Factory.CreateUsingRabbitMq(bus =>
        {
            bus.Host(_pipeline.Broker.Host, (ushort)_pipeline.Broker.Port, _pipeline.Broker.AbsolutePath.TrimStart('/'), host =>
            {
                var user = new Uri(TestServers.RabbitMq!).UserInfo.Split(':', 2);
                host.Username(Uri.UnescapeDataString(user[0]));
                host.Password(Uri.UnescapeDataString(user[^1]));
            });
            bus.ReceiveEndpoint("answers", endpoint =>
            {
                endpoint.Handler<ToolSucceeded>(x => _answers.Writer.WriteAsync(x.Message, x.CancellationToken).AsTask());
                endpoint.Handler<ToolFailed>(x => _answers.Writer.WriteAsync(x.Message, x.CancellationToken).AsTask());
            });
        });
        await _bus.StartAsync(TestContext.Current.CancellationToken);
        _workers.Add(await StartWorkerAsync("probed", "ordered", "fronted", "covered"));
        _workers.Add(await StartWorkerAsync("probed", "ordered", "fronted", "covered"));
        await Task.WhenAll(_workers.Select(x => x.ReadyAsync()));
    }

    private JsonObject Manifest(string name, string? standIn) => new()
    {
        ["name"] = name,
        ["description"] = "Asks the test's server.",
        ["parameters"] = JsonNode.Parse("""{"type":"object","properties":{"subject":{"type":"string"}},"required":["subject"]}"""),
        ["effects"] = "ReadOnly",
        ["timeoutSeconds"] = 120,
        ["concurrency"] = 8,
        ["onFailure"] = standIn is null ? "error" : "fallback",
        ["fallback"] = standIn is null
            ? JsonNode.Parse("""{"kind":"message","text":"Not now."}""")
            : new JsonObject { ["kind"] = "tool", ["tool"] = standIn, ["otherwise"] = JsonNode.Parse("""{"kind":"message","text":"Nobody knows."}""") },
        // A probe that is held by the test must not count as slow meanwhile.
        ["breaker"] = new JsonObject { ["minimumThroughput"] = Threshold, ["breakSeconds"] = 1, ["maxBreakSeconds"] = 1, ["samplingSeconds"] = 300, ["slowCallSeconds"] = 60 },
        ["http"] = new JsonObject { ["method"] = "GET", ["url"] = new Uri(Server.Address, name) + "/{subject}" },
    };
}
