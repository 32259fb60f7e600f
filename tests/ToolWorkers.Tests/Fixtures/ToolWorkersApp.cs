using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.Contracts;
using Pipeline.Contracts.ToolCalls;
using Pipeline.Fixtures;
using Pipeline.ServiceDefaults;
using Pipeline.ToolWorkers.Persistence;

namespace Pipeline.ToolWorkers.Tests.Fixtures;

/// <summary>The tool workers as they are composed in production, on the in-memory transport and a database of their own.</summary>
internal sealed class ToolWorkersApp : IAsyncDisposable
{
    public const string AnswerQueue = "test-answers";

    /// <summary>A guard against a test that hangs, not a measure: what is awaited comes at once or never.</summary>
    public static readonly TimeSpan Guard = TimeSpan.FromMinutes(1);

    private readonly Channel<ReceivedAnswer> _answers = Channel.CreateUnbounded<ReceivedAnswer>();
    private readonly Channel<ToolCircuitChanged> _circuitChanges = Channel.CreateUnbounded<ToolCircuitChanged>();
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("tool-workers-");
    private WebApplication? _app;

    public ManualTimeProvider Time { get; } = new();

    /// <summary>Replaces <see cref="Time"/> where the test must not move the clock itself.</summary>
    public TimeProvider? Clock { get; set; }

    public ToolScript Script { get; } = new();

    public FailingSends Sends { get; } = new();

    public Dictionary<string, string?> Settings { get; } = [];

    public IServiceProvider Services => App.Services;

    public string ContentRoot => _folder.FullName;

    public string ToolsFolder => Path.Combine(ContentRoot, "tools");

    public Uri Address => new(Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses.Single() ?? throw new InvalidOperationException("Not started."));

    private WebApplication App => _app ?? throw new InvalidOperationException("Call StartAsync first.");

    public static async Task<ToolWorkersApp> StartAsync(Action<ToolWorkersApp>? arrange = null, bool seed = false)
    {
        var app = Prepare(arrange, seed);
        await app.StartAsync();
        return app;
    }

    /// <summary>Everything but the start: for what must keep a process from starting.</summary>
    public static ToolWorkersApp Prepare(Action<ToolWorkersApp>? arrange = null, bool seed = false)
    {
        var app = new ToolWorkersApp();
        app.AddSampleManifests();
        app.AddManifest();
        if (seed)
        {
            File.WriteAllText(Path.Combine(app.ContentRoot, "accounts.json"), SampleAccounts.Json);
            app.Settings["Tools:Seed"] = "accounts.json";
        }

        arrange?.Invoke(app);
        return app;
    }

    /// <summary>Writes the scripted tool's manifest; <paramref name="change"/> edits it.</summary>
    public void AddManifest(Action<JsonObject>? change = null)
    {
        var manifest = JsonNode.Parse("""
            {
              "name": "scripted",
              "description": "Does what the test says.",
              "parameters": { "type": "object", "properties": { "text": { "type": "string" }, "count": { "type": "integer", "minimum": 1 } }, "additionalProperties": false },
              "effects": "ReadOnly",
              "timeoutSeconds": 5,
              "concurrency": 64,
              "fallback": { "kind": "fixed", "result": { "unknown": true } },
              "breaker": { "failureRatio": 0.5, "minimumThroughput": 5, "samplingSeconds": 30, "breakSeconds": 5 }
            }
            """) as JsonObject ?? [];
        change?.Invoke(manifest);
        Directory.CreateDirectory(ToolsFolder);
        File.WriteAllText(Path.Combine(ToolsFolder, "scripted.json"), manifest.ToJsonString());
    }

    /// <param name="map">False for what needs neither bus nor tools.</param>
    public WebApplication Build(bool map = true)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = ContentRoot, ApplicationName = "Pipeline.ToolWorkers" });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Bus:Transport"] = "InMemory",
            ["Tools:Database:Provider"] = "Sqlite",
            ["Tools:Database:ConnectionString"] = $"Data Source={Path.Combine(ContentRoot, "tools.db")};Pooling=False",
        });
        builder.Configuration.AddInMemoryCollection(Settings);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(Clock ?? Time);
        builder.AddServiceDefaults("tool-workers");
        builder.Logging.ClearProviders();
        builder.AddToolWorkers();
        builder.Services.AddSingleton(Script);
        builder.Services.AddTool<ScriptedTool>();
        builder.AddPipelineBus(bus =>
        {
            bus.AddToolWorkersConsumers();
            bus.AddReceiveEndpoints(_ => [Listener(AnswerQueue), Listener(QueueName.InvocationEvents), CircuitListener()]);
        });
        var app = builder.Build();
        if (map)
        {
            app.MapServiceDefaults();
            app.MapToolWorkers();
        }

        return app;
    }

    public RunTool NewCall(string arguments = "{}", string? callId = null, string tool = ScriptedTool.ToolName) => new()
    {
        InvocationId = NewId.NextGuid(),
        Turn = 3,
        CallId = callId ?? NewId.NextGuid().ToString(),
        Tool = tool,
        Arguments = arguments,
        Tenant = "acme",
        Agent = "dispute-resolver",
        Deadline = (Clock ?? Time).GetUtcNow() + TimeSpan.FromMinutes(10),
    };

    public async Task SendAsync(RunTool call, bool withResponseAddress = true, string? queue = null, Guid? requestId = null)
    {
        var endpoint = await Services.GetRequiredService<IBus>().GetSendEndpoint(new Uri($"exchange:{QueueName.Tool(queue ?? call.Tool)}"));
        await endpoint.Send(
            call,
            Pipe.Execute<SendContext<RunTool>>(x =>
            {
                x.ResponseAddress = withResponseAddress ? new Uri($"exchange:{AnswerQueue}") : null;
                x.RequestId = requestId;
            }),
            TestContext.Current.CancellationToken);
    }

    public async Task<ReceivedAnswer> NextAnswerAsync() => await _answers.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Guard);

    public async Task<ToolCircuitChanged> NextCircuitChangeAsync() => await _circuitChanges.Reader.ReadAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(Guard);

    /// <summary>True where no answer is waiting to be read.</summary>
    public bool HasNoFurtherAnswer => !_answers.Reader.TryPeek(out _);

    public async Task<ReceivedAnswer> CallAsync(RunTool call)
    {
        await SendAsync(call);
        return await NextAnswerAsync();
    }

    public Task<ReceivedAnswer> CallAsync(string arguments = "{}", string? callId = null, string tool = ScriptedTool.ToolName) =>
        CallAsync(NewCall(arguments, callId, tool));

    public async Task<T> QueryAsync<T>(Func<ToolWorkersDbContext, Task<T>> query)
    {
        await using var scope = Services.CreateAsyncScope();
        return await query(scope.ServiceProvider.GetRequiredService<ToolWorkersDbContext>());
    }

    public async Task<JsonDocument> GetAsync(string path) => JsonDocument.Parse(await GetTextAsync(path));

    public async Task<string> GetTextAsync(string path)
    {
        using var http = new HttpClient();
        return await http.GetStringAsync(new Uri(Address, path), TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync(CancellationToken.None);
            await _app.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }

    public static string Repository()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Pipeline.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException($"No Pipeline.sln above '{AppContext.BaseDirectory}'.");
    }

    /// <summary>Starts what <see cref="Prepare"/> has made.</summary>
    public async Task StartAsync()
    {
        _app = Build();
        await _app.MigrateAsync();
        await _app.StartAsync(TestContext.Current.CancellationToken);
        Services.GetRequiredService<IBus>().ConnectSendObserver(Sends);
    }

    private void AddSampleManifests()
    {
        Directory.CreateDirectory(ToolsFolder);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Repository(), "samples", "payment-disputes", "tools"), "*.json"))
        {
            File.Copy(file, Path.Combine(ToolsFolder, Path.GetFileName(file)));
        }
    }

    private PipelineEndpoint Listener(string queueName) => new()
    {
        QueueName = queueName,
        Configure = (_, queue) =>
        {
            queue.Handler<ToolSucceeded>(x => Keep(new ReceivedAnswer(queueName, x.MessageId, x.RequestId, x.Message, null)));
            queue.Handler<ToolFailed>(x => Keep(new ReceivedAnswer(queueName, x.MessageId, x.RequestId, null, x.Message)));
        },
    };

    private PipelineEndpoint CircuitListener() => new()
    {
        QueueName = "test-circuits",
        Configure = (_, queue) =>
        {
            queue.ConfigureConsumeTopology = true;
            queue.ConcurrentMessageLimit = 1;
            queue.Handler<ToolCircuitChanged>(x => _circuitChanges.Writer.WriteAsync(x.Message, x.CancellationToken).AsTask());
        },
    };

    private async Task Keep(ReceivedAnswer answer) => await _answers.Writer.WriteAsync(answer);
}
