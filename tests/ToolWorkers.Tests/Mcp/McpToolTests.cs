using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.ToolWorkers.Mcp;
using Pipeline.ToolWorkers.Tests.Fixtures;

namespace Pipeline.ToolWorkers.Tests.Mcp;

/// <summary>Tools of MCP servers that this project did not write, through their queues.</summary>
public sealed class McpToolTests
{
    private const string Guards = """{ "effects": "ReadOnly", "timeoutSeconds": 30, "fallback": { "kind": "message", "text": "Not now." } }""";

    [Fact]
    public async Task A_servers_tools_are_discovered_filtered_and_called_over_stdio()
    {
        await using var app = await StartAsync(Stdio("everything", "server-everything", ["stdio"], include: ["echo", "get-*"], exclude: ["get-env"], prefix: "ev_"));

        Assert.Contains("ev_echo.json", Manifests(app));
        Assert.DoesNotContain("ev_get-env.json", Manifests(app));
        Assert.DoesNotContain("ev_trigger-long-running-operation.json", Manifests(app));
        Assert.Equal("Echo: hello", (await app.CallAsync("""{"message":"hello"}""", tool: "ev_echo")).Success.Result);
        Assert.Contains("5", (await app.CallAsync("""{"a":2,"b":3}""", tool: "ev_get-sum")).Success.Result, StringComparison.Ordinal);
        // Structured content as JSON; an image is named, not copied.
        using var weather = JsonDocument.Parse((await app.CallAsync("""{"location":"Chicago"}""", tool: "ev_get-structured-content")).Success.Result);
        Assert.Equal(JsonValueKind.Number, weather.RootElement.GetProperty("temperature").ValueKind);
        var image = (await app.CallAsync("{}", tool: "ev_get-tiny-image")).Success.Result;
        Assert.Matches(@"\[image image/png, \d+ bytes, not shown\]", image);
        Assert.True(image.Length < 1000);
        // Our own check of the arguments comes first, by the reviewed schema.
        Assert.Equal(FailureCode.ArgumentsInvalid, (await app.CallAsync("""{"message":7}""", tool: "ev_echo")).Failure.Code);
    }

    [Fact]
    public async Task A_servers_tools_are_called_over_streamable_http_through_the_address_guard()
    {
        var (process, address) = await McpTestServers.ListenAsync("server-everything");
        using var listening = process;
        try
        {
            var server = new JsonObject { ["name"] = "remote", ["transport"] = "http", ["url"] = address.ToString(), ["include"] = new JsonArray("echo"), ["prefix"] = "r_", ["defaults"] = JsonNode.Parse(Guards) };
            await using var app = await StartAsync(server, x => x.Settings["Tools:AllowedPrivateHosts:0"] = $"127.0.0.1:{address.Port}");

            Assert.Equal("Echo: over http", (await app.CallAsync("""{"message":"over http"}""", tool: "r_echo")).Success.Result);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    [Fact]
    public async Task A_server_keeps_its_state_between_calls()
    {
        await using var app = await StartAsync(Stdio("memory", "server-memory", [], include: ["create_entities", "read_graph"], env: ("MEMORY_FILE_PATH", "memory.jsonl")));

        await app.CallAsync("""{"entities":[{"name":"Ada","entityType":"person","observations":["likes engines"]}]}""", tool: "create_entities");

        Assert.Contains("likes engines", (await app.CallAsync("{}", tool: "read_graph")).Success.Result, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_server_refuses_is_told_by_name_and_opens_no_circuit()
    {
        var allowed = Directory.CreateTempSubdirectory("mcp-files-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(allowed.FullName, "note.txt"), "inside", TestContext.Current.CancellationToken);
            await using var app = await StartAsync(Stdio("files", "server-filesystem", [allowed.FullName], include: ["read_text_file"]));

            for (var call = 0; call < 8; call++)
            {
                var failure = (await app.CallAsync("""{"path":"/etc/passwd"}""", tool: "read_text_file")).Failure;
                Assert.Equal(FailureCode.ToolFailed, failure.Code);
                Assert.DoesNotContain("root:", failure.Reason, StringComparison.Ordinal);
            }

            var path = JsonSerializer.Serialize(Path.Combine(allowed.FullName, "note.txt"));
            Assert.Contains("inside", (await app.CallAsync($$"""{"path":{{path}}}""", tool: "read_text_file")).Success.Result, StringComparison.Ordinal);

            await File.WriteAllTextAsync(Path.Combine(allowed.FullName, "note.txt"), new string('x', 300_000), TestContext.Current.CancellationToken);
            Assert.Equal(FailureCode.ToolResultTooLarge, (await app.CallAsync($$"""{"path":{{path}}}""", tool: "read_text_file")).Failure.Code);
        }
        finally
        {
            allowed.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_servers_process_gets_only_the_environment_that_was_declared()
    {
        Environment.SetEnvironmentVariable("PIPELINE_SECRET_OF_THE_SERVICE", "not yours");
        await using var app = await StartAsync(
            Stdio("everything", "server-everything", ["stdio"], include: ["get-env"], env: ("API_KEY", "secret:MCP_KEY")),
            x => x.Settings["Tools:Secrets:MCP_KEY"] = "key-of-the-server");

        var environment = (await app.CallAsync("{}", tool: "get-env")).Success.Result;

        Assert.Contains("\"API_KEY\": \"***\"", environment, StringComparison.Ordinal);
        Assert.DoesNotContain("key-of-the-server", environment, StringComparison.Ordinal);
        Assert.DoesNotContain("PIPELINE_", environment, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tool_that_is_not_what_was_reviewed_is_refused()
    {
        await using var app = await StartAsync(
            Stdio("everything", "server-everything", ["stdio"], include: ["echo", "get-sum"]),
            afterDiscovery: x =>
            {
                Change(x, "echo.json", mcp => mcp["hash"] = "sha256:" + new string('0', 64));
                Change(x, "get-sum.json", mcp => mcp["tool"] = "get-product");
            });

        var changed = (await app.CallAsync("""{"message":"x"}""", tool: "echo")).Failure;
        var gone = (await app.CallAsync("""{"a":1,"b":2}""", tool: "get-sum")).Failure;

        Assert.Equal(FailureCode.ToolNotAllowed, changed.Code);
        Assert.Contains("is not what was reviewed", changed.Reason, StringComparison.Ordinal);
        Assert.Equal(FailureCode.ToolNotAllowed, gone.Code);
        Assert.Contains("has no tool 'get-product' any more", gone.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_whose_process_died_is_started_again_after_a_wait()
    {
        var mark = $"mark-{Guid.NewGuid():N}";
        await using var app = await StartAsync(Stdio("everything", "server-everything", ["stdio", mark], include: ["echo"]));
        await app.CallAsync("""{"message":"one"}""", tool: "echo");
        var first = Assert.Single(McpTestServers.ProcessesWith(mark));

        using (var process = Process.GetProcessById(first))
        {
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        // The client sees the end of the pipe a moment later; until then and until the wait is over, calls fail by name.
        ReceivedAnswer answer;
        do
        {
            answer = await app.CallAsync("""{"message":"two"}""", tool: "echo");
        }
        while (answer.Failed is null && !answer.Success.IsFallback);
        app.Time.Advance(TimeSpan.FromMinutes(1));
        for (var attempt = 0; attempt < 20 && (answer.Failed is not null || answer.Success.IsFallback); attempt++)
        {
            answer = await app.CallAsync("""{"message":"three"}""", tool: "echo");
            app.Time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal("Echo: three", answer.Success.Result);
        Assert.NotEqual(first, Assert.Single(McpTestServers.ProcessesWith(mark)));
    }

    [Fact]
    public async Task A_call_carries_its_id_its_cancellation_is_sent_and_a_server_that_stays_silent_is_ended()
    {
        var mark = $"mark-{Guid.NewGuid():N}";
        var log = Path.Combine(Path.GetTempPath(), $"{mark}.log");
        var server = Stdio("everything", "server-everything", ["stdio", mark], include: ["trigger-long-running-operation"]);
        // What the server is sent, written down on its way.
        var program = string.Join(' ', server["args"]!.AsArray().Select(x => $"'{x}'"));
        server["command"] = "sh";
        server["args"] = new JsonArray("-c", $"tee '{log}' | node {program}");
        try
        {
            await using var app = await StartAsync(server);
            for (var round = 1; round <= 3; round++)
            {
                var call = app.NewCall("""{"duration":3600,"steps":1}""", tool: "trigger-long-running-operation");
                await app.SendAsync(call);
                await SeenAsync(log, $"\"pipeline/call-id\":\"{call.CallId}\"", 1);

                app.Time.Advance(TimeSpan.FromSeconds(31));

                Assert.Equal(FailureCode.ToolTimeout, (await app.NextAnswerAsync()).Failure.Code);
                await SeenAsync(log, "notifications/cancelled", round);
            }

            await EventuallyAsync(() => !McpTestServers.ProcessesWith(mark).Any(), () => "the server's process has ended");
        }
        finally
        {
            File.Delete(log);
        }
    }

    [Fact]
    public async Task A_service_whose_server_is_down_starts_and_the_fallback_answers()
    {
        await using var app = await StartAsync(
            Stdio("everything", "server-everything", ["stdio"], include: ["echo"]),
            afterDiscovery: x => ChangeServer(x, "everything", server => server["command"] = "no-such-program"));

        for (var call = 0; call < 5; call++)
        {
            Assert.Equal(FailureCode.ToolFailed, (await app.CallAsync("""{"message":"x"}""", tool: "echo")).Failure.Code);
        }

        Assert.True((await app.CallAsync("""{"message":"x"}""", tool: "echo")).Success.IsFallback);
    }

    [Fact]
    public async Task The_servers_process_ends_with_the_service()
    {
        var mark = $"mark-{Guid.NewGuid():N}";
        await using (var app = await StartAsync(Stdio("everything", "server-everything", ["stdio", mark], include: ["echo"])))
        {
            await app.CallAsync("""{"message":"x"}""", tool: "echo");
            Assert.Single(McpTestServers.ProcessesWith(mark));
        }

        Assert.Empty(McpTestServers.ProcessesWith(mark));
    }

    [Fact]
    public async Task Discovery_again_changes_nothing_and_check_says_so()
    {
        await using var app = Arrange(Stdio("everything", "server-everything", ["stdio"], include: ["echo"]));
        Assert.Equal(1, await DiscoverAsync(app, "--check"));
        Assert.DoesNotContain("echo.json", Manifests(app));

        Assert.Equal(0, await DiscoverAsync(app));
        Assert.Equal(0, await DiscoverAsync(app, "--check"));

        Change(app, "echo.json", mcp => mcp["hash"] = "sha256:" + new string('0', 64));
        Assert.Equal(1, await DiscoverAsync(app, "--check"));
    }

    [Fact]
    public async Task A_server_without_a_fallback_for_its_tools_gets_no_manifest()
    {
        var server = Stdio("everything", "server-everything", ["stdio"], include: ["echo"]);
        server["defaults"]!.AsObject().Remove("fallback");
        await using var app = Arrange(server);

        Assert.Equal(2, await DiscoverAsync(app));
        Assert.DoesNotContain("echo.json", Manifests(app));
    }

    [Theory]
    [InlineData("""{ "name": "a", "transport": "stdio" }""", "$.command: is missing")]
    [InlineData("""{ "name": "A b", "transport": "stdio", "command": "x" }""", "$.name: is 'A b'")]
    [InlineData("""{ "name": "a", "transport": "pigeon" }""", "$.transport: is 'pigeon'")]
    [InlineData("""{ "name": "a", "transport": "http", "url": "http://10.0.0.1/mcp" }""", "$.url: '10.0.0.1' is not a public address")]
    [InlineData("""{ "name": "a", "transport": "http", "url": "https://a.example/mcp", "headers": { "X": "secret:NOT_SET" } }""", "$.headers.X: names the secret 'NOT_SET'")]
    [InlineData("""{ "name": "a", "transport": "stdio", "command": "x", "comand": "y" }""", "comand")]
    public async Task A_wrong_server_file_keeps_the_service_from_starting(string file, string problem)
    {
        await using var app = ToolWorkersApp.Prepare();
        Directory.CreateDirectory(Path.Combine(app.ContentRoot, "mcp"));
        await File.WriteAllTextAsync(Path.Combine(app.ContentRoot, "mcp", "a.json"), file, TestContext.Current.CancellationToken);

        var failures = Assert.Throws<OptionsValidationException>(() => app.Build().Services.GetRequiredService<IOptions<ToolsOptions>>().Value).Failures;

        Assert.Contains(failures, x => x.Contains("a.json: ", StringComparison.Ordinal) && x.Contains(problem, StringComparison.Ordinal));
    }

    private static JsonObject Stdio(string name, string package, string[] args, string[]? include = null, string[]? exclude = null, string prefix = "", (string Name, string Value)? env = null)
    {
        var server = new JsonObject
        {
            ["name"] = name,
            ["transport"] = "stdio",
            ["command"] = McpTestServers.Node,
            ["args"] = new JsonArray([McpTestServers.Script(package), .. args.Select(x => JsonValue.Create(x))]),
            ["include"] = new JsonArray([.. (include ?? []).Select(x => JsonValue.Create(x))]),
            ["exclude"] = new JsonArray([.. (exclude ?? []).Select(x => JsonValue.Create(x))]),
            ["prefix"] = prefix,
            ["defaults"] = JsonNode.Parse(Guards),
        };
        if (env is { } variable)
        {
            server["env"] = new JsonObject { [variable.Name] = variable.Value };
        }

        return server;
    }

    private static async Task<ToolWorkersApp> StartAsync(JsonObject server, Action<ToolWorkersApp>? arrange = null, Action<ToolWorkersApp>? afterDiscovery = null)
    {
        var app = Arrange(server, arrange);
        Assert.Equal(0, await DiscoverAsync(app));
        afterDiscovery?.Invoke(app);
        await app.StartAsync();
        return app;
    }

    private static ToolWorkersApp Arrange(JsonObject server, Action<ToolWorkersApp>? arrange = null) => ToolWorkersApp.Prepare(app =>
    {
        Directory.CreateDirectory(Path.Combine(app.ContentRoot, "mcp"));
        if (server["env"]?["MEMORY_FILE_PATH"] is not null)
        {
            server["env"]!["MEMORY_FILE_PATH"] = Path.Combine(app.ContentRoot, "memory.jsonl");
        }

        File.WriteAllText(Path.Combine(app.ContentRoot, "mcp", $"{server["name"]}.json"), server.ToJsonString());
        arrange?.Invoke(app);
    });

    private static async Task<int> DiscoverAsync(ToolWorkersApp app, params string[] more)
    {
        await using var service = app.Build(map: false);
        return await service.DiscoverMcpAsync([McpDiscoveryCommand.Option, .. more]);
    }

    private static Task SeenAsync(string log, string text, int times) =>
        EventuallyAsync(
            () => File.Exists(log) && File.ReadAllText(log).Split(text).Length - 1 == times,
            () => $"'{text}' was sent {times} times; sent was: {(File.Exists(log) ? File.ReadAllText(log) : "nothing")}");

    private static async Task EventuallyAsync(Func<bool> fact, Func<string> what)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(ToolWorkersApp.Guard);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!fact())
        {
            try
            {
                await timer.WaitForNextTickAsync(limit.Token);
            }
            catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
            {
                Assert.Fail($"Waited in vain until {what()}");
            }
        }
    }

    private static List<string?> Manifests(ToolWorkersApp app) => [.. Directory.EnumerateFiles(app.ToolsFolder).Select(Path.GetFileName)];

    private static void Change(ToolWorkersApp app, string manifest, Action<JsonObject> change)
    {
        var file = Path.Combine(app.ToolsFolder, manifest);
        var root = JsonNode.Parse(File.ReadAllText(file))!;
        change(root["mcp"]!.AsObject());
        File.WriteAllText(file, root.ToJsonString());
    }

    private static void ChangeServer(ToolWorkersApp app, string name, Action<JsonObject> change)
    {
        var file = Path.Combine(app.ContentRoot, "mcp", $"{name}.json");
        var root = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
        change(root);
        File.WriteAllText(file, root.ToJsonString());
    }
}
