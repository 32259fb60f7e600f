using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Pipeline.Contracts;
using Pipeline.ToolWorkers.Circuits;
using Pipeline.ToolWorkers.Tests.Fixtures;

namespace Pipeline.ToolWorkers.Tests.Circuits;

public sealed class ToolCircuitTests
{
    [Fact]
    public async Task An_open_circuit_answers_by_the_fallback_without_running_the_tool()
    {
        await using var app = await ToolWorkersApp.StartAsync();
        await OpenAsync(app);

        var answer = await app.CallAsync();

        Assert.Equal(5, app.Script.Calls);
        Assert.Equal("""{"unknown":true}""", answer.Success.Result);
        Assert.Equal((true, FailureCode.ToolUnavailable), (answer.Success.IsFallback, answer.Success.FallbackCode));
    }

    [Fact]
    public async Task A_message_fallback_answers_with_its_text()
    {
        await using var app = await ToolWorkersApp.StartAsync(x => x.AddManifest(manifest =>
            manifest["fallback"] = new System.Text.Json.Nodes.JsonObject { ["kind"] = "message", ["text"] = "Not now." }));
        await OpenAsync(app);

        Assert.Equal("Not now.", (await app.CallAsync()).Success.Result);
    }

    [Fact]
    public async Task Of_32_calls_at_half_open_one_goes_through()
    {
        await using var app = await ToolWorkersApp.StartAsync();
        await OpenAsync(app);
        var probing = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        app.Script.Run = async (_, _) =>
        {
            probing.TrySetResult();
            await release.Task;
            return new ToolOutput("recovered");
        };
        app.Time.Advance(TimeSpan.FromSeconds(5));

        await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => app.SendAsync(app.NewCall())));
        await probing.Task;
        var fallbacks = new List<ReceivedAnswer>();
        for (var answer = 0; answer < 31; answer++)
        {
            fallbacks.Add(await app.NextAnswerAsync());
        }

        release.SetResult();
        var probe = await app.NextAnswerAsync();

        Assert.All(fallbacks, x => Assert.True(x.Success.IsFallback));
        Assert.Equal("recovered", probe.Success.Result);
        Assert.Equal(6, app.Script.Calls);
        Assert.Equal("closed", Circuit(app).State);
    }

    [Fact]
    public async Task Each_change_is_published()
    {
        await using var app = await ToolWorkersApp.StartAsync();
        await OpenAsync(app);
        app.Time.Advance(TimeSpan.FromSeconds(5));
        await app.CallAsync();
        app.Time.Advance(TimeSpan.FromSeconds(5));
        app.Script.Run = (_, _) => Task.FromResult(new ToolOutput("recovered"));
        await app.CallAsync();

        var states = new List<string>();
        for (var change = 0; change < 5; change++)
        {
            var changed = await app.NextCircuitChangeAsync();
            Assert.Equal(ScriptedTool.ToolName, changed.Tool);
            Assert.NotEmpty(changed.Instance);
            states.Add(changed.State);
            if (changed.State == "open")
            {
                Assert.Contains("broken", changed.Reason, StringComparison.Ordinal);
            }
        }

        Assert.Equal(["open", "half-open", "open", "half-open", "closed"], states);
    }

    [Fact]
    public async Task Slow_calls_open_the_circuit()
    {
        await using var app = await ToolWorkersApp.StartAsync();
        for (var call = 0; call < 5; call++)
        {
            var began = new TaskCompletionSource();
            app.Script.Run = async (_, token) =>
            {
                began.SetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, token);
                return new ToolOutput("");
            };
            await app.SendAsync(app.NewCall());
            await began.Task;
            app.Time.Advance(TimeSpan.FromSeconds(5));
            Assert.Equal(FailureCode.ToolTimeout, (await app.NextAnswerAsync()).Failure.Code);
        }

        Assert.Equal("open", Circuit(app).State);
    }

    [Fact]
    public async Task A_tool_that_is_called_seldom_opens_after_as_many_failures_in_a_row()
    {
        await using var app = await ToolWorkersApp.StartAsync();
        app.Script.Run = (_, _) => throw new InvalidOperationException("down");
        for (var call = 0; call < 5; call++)
        {
            Assert.Equal("closed", Circuit(app).State);
            await app.CallAsync();
            // Far longer than the window: it never holds more than one.
            app.Time.Advance(TimeSpan.FromMinutes(5));
        }

        Assert.NotEqual("closed", Circuit(app).State);
        Assert.Equal(5, app.Script.Calls);
    }

    [Fact]
    public async Task Wrong_arguments_and_refusals_do_not_open_the_circuit()
    {
        await using var app = await ToolWorkersApp.StartAsync();
        app.Script.Run = (_, _) => Task.FromResult(ToolOutput.Refused("not_found", "Nothing there."));
        for (var call = 0; call < 10; call++)
        {
            await app.CallAsync("[]");
            await app.CallAsync();
        }

        Assert.Equal("closed", Circuit(app).State);
    }

    [Fact]
    public async Task An_open_circuit_degrades_health_and_is_listed()
    {
        await using var app = await ToolWorkersApp.StartAsync();
        await OpenAsync(app);

        var health = await app.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(x => x.Name == "tool-circuits", TestContext.Current.CancellationToken);
        using var tools = await app.GetAsync("/tools");

        Assert.Equal(HealthStatus.Degraded, health.Status);
        Assert.Equal("scripted is open; the declared fallbacks answer.", health.Entries["tool-circuits"].Description);
        Assert.Equal("open", tools.RootElement.EnumerateArray().Single(x => x.GetProperty("name").GetString() == ScriptedTool.ToolName).GetProperty("breaker").GetString());
    }

    [Fact]
    public async Task One_tools_open_circuit_leaves_the_others_alone()
    {
        await using var app = await ToolWorkersApp.StartAsync(seed: true);
        await OpenAsync(app);

        Assert.False((await app.CallAsync("""{"accountId":"acc_1"}""", tool: "get_account_status")).Success.IsFallback);
    }

    private static async Task OpenAsync(ToolWorkersApp app)
    {
        app.Script.Run = (_, _) => throw new InvalidOperationException("broken");
        for (var call = 0; call < 5; call++)
        {
            Assert.Equal(FailureCode.ToolFailed, (await app.CallAsync()).Failure.Code);
        }

        Assert.Equal("open", Circuit(app).State);
    }

    private static ToolCircuit Circuit(ToolWorkersApp app) => app.Services.GetRequiredService<ToolCircuits>()[ScriptedTool.ToolName];
}
