using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.Fixtures;
using Pipeline.Integration.Tests.CrashPoints;

namespace Pipeline.Integration.Tests.Effects;

/// <summary>
/// A running pipeline whose agent calls one tool and ends; the tools are of every kind of effect, as classes and as HTTP requests. The
/// worker processes are the test's to start and to kill.
/// </summary>
public sealed class EffectsPipeline : IAsyncLifetime
{
    private const string Agent = "effects";
    private const string Worker = "LedgerTools";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pipeline-effects-");
    private readonly ConcurrentQueue<ServiceProcess> _workers = new();
    private readonly int _concurrency;
    private EffectServer _server = null!;
    private RunningPipeline? _pipeline;
    private Task? _start;

    public EffectsPipeline()
        : this(concurrency: 1)
    {
    }

    internal EffectsPipeline(int concurrency) => _concurrency = concurrency;

    public RunningPipeline Pipeline => _pipeline ?? throw new InvalidOperationException("Call StartAsync first.");

    internal EffectServer Server => _server;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>Called by each test, not by the framework: without servers it is the test that is skipped.</summary>
    public Task StartAsync() => _start ??= StartOnceAsync();

    /// <summary>Starts a worker process; it ends with this at the latest.</summary>
    /// <param name="tools">What it serves.</param>
    /// <param name="crashAt">The crash point at which it kills itself.</param>
    public async Task<ServiceProcess> StartWorkerAsync(IEnumerable<EffectTool> tools, string? crashAt = null)
    {
        var settings = await Pipeline.SettingsAsync(Worker);
        settings["Ledger__ConnectionString"] = Pipeline.ToolsDatabase;
        settings["Tools__AllowedPrivateHosts__0"] = _server.Address.Authority;
        foreach (var (tool, index) in tools.Select((x, i) => (x, i)))
        {
            settings[string.Create(CultureInfo.InvariantCulture, $"Tools__Serve__{index}")] = tool.Name;
        }

        if (crashAt is not null)
        {
            settings["Crash__At"] = crashAt;
            settings["Crash__Allowed"] = "true";
        }

        var worker = ServiceProcess.Start(Worker, settings);
        _workers.Enqueue(worker);
        return worker;
    }

    /// <summary>Submits an invocation that calls the tool once.</summary>
    /// <returns>The invocation.</returns>
    public async Task<Guid> SubmitAsync(EffectTool tool)
    {
        var id = Guid.NewGuid();
        await Pipeline.SubmitAsync(Agent, JsonSerializer.SerializeToUtf8Bytes(new { tenant = "acme", agent = Agent, invocationId = id, input = $"use {tool.Name} for {id}" }));
        return id;
    }

    public Task HaveEndedAsync(IReadOnlyCollection<Guid> invocations) => Eventually.HoldsAsync(
        () =>
        {
            var ended = Pipeline.Events.Where(x => x.IsTerminal).Select(x => x.InvocationId).ToHashSet();
            return Task.FromResult(invocations.All(ended.Contains));
        },
        $"all of {invocations.Count} invocations have their terminal event");

    /// <summary>What both ledgers know, by invocation.</summary>
    public async Task<ILookup<string, Effect>> LedgerAsync()
    {
        var rows = await Pipeline.ToolRowsAsync("SELECT tool, subject, key FROM effects ORDER BY id");
        return rows.Select(x => new Effect((string)x[0]!, (string)x[1]!, (string)x[2]!)).Concat(_server.Ledger).ToLookup(x => x.Subject);
    }

    /// <summary>How the tool call of an ended invocation went, after checking that the invocation ended once and its timeline is whole.</summary>
    /// <returns>Null where it has a result, else its failure code.</returns>
    public async Task<string?> OutcomeAsync(Guid invocation)
    {
        var terminal = Assert.Single(Pipeline.Events.Where(x => x.InvocationId == invocation && x.IsTerminal).DistinctBy(x => x.MessageId));
        Assert.Equal("completed", terminal.Event);
        var timeline = await Pipeline.InvocationRowsAsync("""SELECT "Kind", "Payload" FROM invocation_timeline WHERE "InvocationId" = $1 ORDER BY "Seq" """, invocation);
        Assert.Equal(5, timeline.Count);
        Assert.Equal(("accepted", "model_answered", "model_answered", "completed"), (timeline[0][0], timeline[1][0], timeline[3][0], timeline[4][0]));
        var call = timeline[2];
        if ((string)call[0]! == "tool_succeeded")
        {
            return null;
        }

        Assert.Equal("tool_failed", call[0]);
        return JsonNode.Parse((string)call[1]!)!["code"]!.GetValue<string>();
    }

    public async ValueTask DisposeAsync()
    {
        // Those of a test that failed still run.
        foreach (var worker in _workers)
        {
            await worker.DisposeAsync();
        }

        if (_pipeline is not null)
        {
            await _pipeline.DisposeAsync();
            await _server.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }

    private async Task StartOnceAsync()
    {
        _server = await EffectServer.StartAsync();
        await WriteFilesAsync();
        _pipeline = new RunningPipeline(new PipelineSetup
        {
            Services = ["LlmGateway", "Orchestrator"],
            Agents = Path.Combine(_folder.FullName, "agents"),
            Tools = Path.Combine(_folder.FullName, "tools"),
            Rules = Path.Combine(_folder.FullName, "rules.json"),
        });
        await _pipeline.StartAsync();
        await _pipeline.ToolRowsAsync("CREATE TABLE effects (id bigserial PRIMARY KEY, tool text NOT NULL, subject text NOT NULL, key text NOT NULL)");
        // Makes the queues: what is sent to a tool that nobody has ever served goes nowhere.
        await using var worker = await StartWorkerAsync(EffectTool.All);
        await worker.ReadyAsync();
    }

    private async Task WriteFilesAsync()
    {
        var tools = _folder.CreateSubdirectory("tools").FullName;
        // The worker has the sample's classes, too, and insists on their manifests.
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Checkout.Samples, "tools")))
        {
            File.Copy(file, Path.Combine(tools, Path.GetFileName(file)));
        }

        foreach (var tool in EffectTool.All)
        {
            await WriteAsync(Path.Combine(tools, $"{tool.Name}.json"), Manifest(tool));
        }

        await WriteAsync(Path.Combine(_folder.CreateSubdirectory("agents").FullName, $"{Agent}.json"), new JsonObject
        {
            ["name"] = Agent,
            ["version"] = 1,
            ["systemPrompt"] = "You rehearse effects.",
            ["pool"] = "default",
            ["tools"] = new JsonArray([.. EffectTool.All.Select(x => JsonValue.Create(x.Name))]),
            ["limits"] = new JsonObject { ["deadlineSeconds"] = 3600 },
        });
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, "rules.json"), """
            {
              "seed": 7,
              "rules": [
                { "name": "call", "when": { "turn": 0, "firstUser": "use (?<tool>[a-z_]+) for (?<subject>[0-9a-f-]+)" }, "then": { "toolCalls": [{ "tool": "${tool}", "arguments": { "subject": "${subject}" } }] } },
                { "name": "end", "when": { }, "then": { "text": "Done." } }
              ]
            }
            """);
    }

    private JsonObject Manifest(EffectTool tool)
    {
        var manifest = new JsonObject
        {
            ["name"] = tool.Name,
            ["description"] = "Writes into the test's ledger.",
            ["parameters"] = new JsonObject
            {
                ["type"] = "object",
                ["properties"] = new JsonObject { ["subject"] = new JsonObject { ["type"] = "string" } },
                ["required"] = new JsonArray("subject"),
            },
            ["effects"] = tool.Effects,
            // A busy machine must not look like a slow tool; how long an unknown outcome is waited for is this and 10 s.
            ["timeoutSeconds"] = 10,
            ["concurrency"] = _concurrency,
            ["fallback"] = new JsonObject { ["kind"] = "message", ["text"] = "Not now." },
        };
        if (tool.IsHttp)
        {
            manifest["http"] = new JsonObject { ["method"] = tool.Effects == "ReadOnly" ? "GET" : "POST", ["url"] = new Uri(_server.Address, tool.Name) + "/{subject}" };
        }

        return manifest;
    }

    private static Task WriteAsync(string path, JsonObject content) => File.WriteAllTextAsync(path, content.ToJsonString());
}
