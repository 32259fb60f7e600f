using System.Net;
using System.Net.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Contracts;
using Pipeline.Fixtures;
using Pipeline.ToolWorkers.Circuits;
using Pipeline.ToolWorkers.Tests.Fixtures;

namespace Pipeline.ToolWorkers.Tests.Circuits;

/// <summary>Two worker processes with one database and one clock; each has a bus of its own, so that only the database tells them of each other.</summary>
public sealed class CircuitFleetTests
{
    private const string OperatorKey = "an operator's key of some length";

    [Fact]
    public async Task Of_32_calls_at_half_open_one_goes_through_in_two_processes_together()
    {
        await using var first = await StartAsync();
        await using var second = await StartBesideAsync(first);
        await OpenBothAsync(first, second);
        var probing = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        foreach (var app in new[] { first, second })
        {
            app.Script.Run = async (_, _) =>
            {
                probing.TrySetResult();
                await release.Task;
                return new ToolOutput("recovered");
            };
        }

        first.Time.Advance(TimeSpan.FromSeconds(5));
        await Task.WhenAll(Enumerable.Range(0, 16).SelectMany(_ => new[] { first.SendAsync(first.NewCall()), second.SendAsync(second.NewCall()) }));
        await probing.Task;
        var (prober, other) = first.Script.Calls == 6 ? (first, second) : (second, first);
        var fallbacks = new List<ReceivedAnswer>();
        for (var answer = 0; answer < 16; answer++)
        {
            fallbacks.Add(await other.NextAnswerAsync());
        }

        for (var answer = 0; answer < 15; answer++)
        {
            fallbacks.Add(await prober.NextAnswerAsync());
        }

        release.SetResult();

        Assert.All(fallbacks, x => Assert.Equal(FailureCode.ToolUnavailable, x.Success.FallbackCode));
        Assert.Equal("recovered", (await prober.NextAnswerAsync()).Success.Result);
        Assert.Equal(6, first.Script.Calls + second.Script.Calls);
        await AgreeAsync(first, second, "closed");
    }

    [Fact]
    public async Task Where_the_prober_died_another_process_probes_when_its_lease_is_over()
    {
        await using var first = await StartAsync();
        await OpenAsync(first);
        await Eventually.HoldsAsync(async () => await RecordAsync(first) is { State: CircuitState.Open }, "the open circuit is written");
        await first.QueryAsync(x => x.Circuits.ExecuteUpdateAsync(
            set => set.SetProperty(y => y.State, CircuitState.HalfOpen).SetProperty(y => y.ProbeOwner, "a dead process").SetProperty(y => y.RetryAt, first.Time.GetUtcNow() + TimeSpan.FromSeconds(20)).SetProperty(y => y.Version, y => y.Version + 1),
            TestContext.Current.CancellationToken));
        first.Script.Run = (_, _) => Task.FromResult(new ToolOutput("recovered"));

        first.Time.Advance(TimeSpan.FromSeconds(6));
        Assert.True((await first.CallAsync()).Success.IsFallback);
        first.Time.Advance(TimeSpan.FromSeconds(15));

        Assert.Equal("recovered", (await first.CallAsync()).Success.Result);
        Assert.Equal("closed", StateOf(first));
    }

    [Fact]
    public async Task Each_break_is_longer_than_the_one_before_up_to_the_limit()
    {
        await using var app = await StartAsync(x => x.AddManifest(manifest =>
            manifest["breaker"] = new System.Text.Json.Nodes.JsonObject { ["breakSeconds"] = 1, ["breakGrowth"] = 2, ["maxBreakSeconds"] = 3 }));
        await OpenAsync(app);
        foreach (var seconds in new[] { 1, 2, 3, 3 })
        {
            app.Time.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromMilliseconds(1));
            Assert.True((await app.CallAsync()).Success.IsFallback);
            app.Time.Advance(TimeSpan.FromMilliseconds(1));
            Assert.Equal(FailureCode.ToolFailed, (await app.CallAsync()).Failure.Code);
        }
    }

    [Fact]
    public async Task Calls_that_hang_open_the_circuit_before_they_end_and_are_answered_by_the_fallback_at_once()
    {
        await using var app = await StartAsync(x => x.AddManifest(manifest =>
        {
            manifest["timeoutSeconds"] = 30;
            manifest["onFailure"] = "fallback";
            manifest["breaker"] = new System.Text.Json.Nodes.JsonObject { ["slowCallSeconds"] = 1 };
        }));
        // What went well before is in the window and must not hide that nothing goes now.
        for (var call = 0; call < 100; call++)
        {
            await app.CallAsync();
        }

        using var began = new CountdownEvent(16);
        app.Script.Run = async (_, token) =>
        {
            began.Signal();
            await Task.Delay(Timeout.InfiniteTimeSpan, token);
            return new ToolOutput("");
        };
        for (var call = 0; call < 16; call++)
        {
            await app.SendAsync(app.NewCall());
        }

        await Eventually.HoldsAsync(() => Task.FromResult(began.IsSet), "all calls run");
        app.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("open", StateOf(app));
        for (var call = 0; call < 16; call++)
        {
            var answer = (await app.NextAnswerAsync()).Success;
            Assert.Equal((true, FailureCode.ToolUnavailable), (answer.IsFallback, answer.FallbackCode));
        }

        await Eventually.HoldsAsync(() => Task.FromResult(Circuit(app).Abandoned.Count == 0), "every run is cancelled");
    }

    [Fact]
    public async Task Without_the_database_an_open_circuit_still_probes_and_closes()
    {
        await using var app = await StartAsync();
        await OpenAsync(app);
        await Eventually.HoldsAsync(async () => await RecordAsync(app) is { State: CircuitState.Open }, "the open circuit is written");
        await app.QueryAsync(x => x.Database.ExecuteSqlRawAsync("DROP TABLE tool_circuits", TestContext.Current.CancellationToken));
        app.Script.Run = (_, _) => Task.FromResult(new ToolOutput("recovered"));
        app.Time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal("recovered", (await app.CallAsync()).Success.Result);
        Assert.Equal("closed", StateOf(app));
    }

    [Fact]
    public async Task An_operator_isolates_and_closes_for_all_processes()
    {
        await using var first = await StartAsync();
        await using var second = await StartBesideAsync(first);

        Assert.Equal(HttpStatusCode.OK, await PostAsync(first, "isolate", OperatorKey));
        await AgreeAsync(first, second, "isolated");
        first.Time.Advance(TimeSpan.FromHours(1));
        Assert.True((await second.CallAsync()).Success.IsFallback);
        Assert.Equal(0, second.Script.Calls);

        Assert.Equal(HttpStatusCode.OK, await PostAsync(second, "close", OperatorKey));
        await AgreeAsync(first, second, "closed");
        Assert.False((await first.CallAsync()).Success.IsFallback);
    }

    [Fact]
    public async Task Nobody_but_an_operator_changes_a_circuit()
    {
        await using var without = await StartAsync(x => x.Settings.Remove("Tools:OperatorKey"));
        Assert.Equal(HttpStatusCode.Forbidden, await PostAsync(without, "isolate", OperatorKey));
        await using var app = await StartAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await PostAsync(app, "isolate", "another key of some length"));
        Assert.Equal(HttpStatusCode.Unauthorized, await PostAsync(app, "isolate", null));
        Assert.Equal(HttpStatusCode.BadRequest, await PostAsync(app, "explode", OperatorKey));
        Assert.Equal(HttpStatusCode.NotFound, await PostAsync(app, "isolate", OperatorKey, "nobody"));
        Assert.Equal("closed", StateOf(app));
    }

    private static Task<ToolWorkersApp> StartAsync(Action<ToolWorkersApp>? arrange = null) => ToolWorkersApp.StartAsync(x =>
    {
        x.Settings["Tools:CircuitPollInterval"] = "00:00:01";
        x.Settings["Tools:OperatorKey"] = OperatorKey;
        arrange?.Invoke(x);
    });

    private static Task<ToolWorkersApp> StartBesideAsync(ToolWorkersApp first) => StartAsync(x =>
    {
        x.Clock = first.Time;
        x.Settings["Tools:Database:ConnectionString"] = $"Data Source={Path.Combine(first.ContentRoot, "tools.db")};Pooling=False";
    });

    private static async Task OpenAsync(ToolWorkersApp app)
    {
        app.Script.Run = (_, _) => throw new InvalidOperationException("broken");
        for (var call = 0; call < 5; call++)
        {
            await app.CallAsync();
        }

        Assert.Equal("open", StateOf(app));
    }

    private static async Task OpenBothAsync(ToolWorkersApp first, ToolWorkersApp second)
    {
        await OpenAsync(first);
        await Eventually.HoldsAsync(async () => await RecordAsync(first) is { State: CircuitState.Open }, "the open circuit is written");
        Circuits(second).ReadSoon();
        await Eventually.HoldsAsync(() => Task.FromResult(StateOf(second) == "open"), "the second process knows of it");
    }

    private static Task AgreeAsync(ToolWorkersApp first, ToolWorkersApp second, string state) => Eventually.HoldsAsync(
        () =>
        {
            Circuits(first).ReadSoon();
            Circuits(second).ReadSoon();
            return Task.FromResult(StateOf(first) == state && StateOf(second) == state);
        },
        $"both processes have the circuit {state}");

    private static Task<CircuitRecord?> RecordAsync(ToolWorkersApp app) =>
        app.QueryAsync(x => x.Circuits.AsNoTracking().SingleOrDefaultAsync(y => y.Tool == ScriptedTool.ToolName, TestContext.Current.CancellationToken));

    private static async Task<HttpStatusCode> PostAsync(ToolWorkersApp app, string action, string? key, string tool = ScriptedTool.ToolName)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(app.Address, $"tools/{tool}/circuit")) { Content = JsonContent.Create(new { action, reason = "A test." }) };
        if (key is not null)
        {
            request.Headers.Add("X-Api-Key", key);
        }

        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    private static CircuitFleet Circuits(ToolWorkersApp app) => app.Services.GetRequiredService<CircuitFleet>();

    private static ToolCircuit Circuit(ToolWorkersApp app) => app.Services.GetRequiredService<ToolCircuits>()[ScriptedTool.ToolName];

    private static string StateOf(ToolWorkersApp app) => Circuit(app).State;
}
