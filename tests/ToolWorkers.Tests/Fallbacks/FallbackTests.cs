using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Contracts;
using Pipeline.Fixtures;
using Pipeline.ToolWorkers.Circuits;
using Pipeline.ToolWorkers.Tests.Fixtures;

namespace Pipeline.ToolWorkers.Tests.Fallbacks;

public sealed class FallbackTests
{
    private const string LastGood = """{"kind":"lastGood","maxAgeSeconds":60,"otherwise":{"kind":"message","text":"Nothing known."}}""";
    private const string OtherTool = """{"kind":"tool","tool":"get_account_status","otherwise":{"kind":"message","text":"Nothing known."}}""";

    [Fact]
    public async Task The_last_good_result_answers_with_its_age_for_the_same_tenant_and_arguments()
    {
        await using var app = await StartAsync(LastGood);
        app.Script.Run = (_, _) => Task.FromResult(new ToolOutput("good"));
        await app.CallAsync("""{"text":"a","count":1}""");
        var at = app.Time.GetUtcNow();
        Break(app);
        app.Time.Advance(TimeSpan.FromSeconds(30));

        var answer = (await app.CallAsync("""{"count":1,"text":"a"}""")).Success;

        Assert.Equal((true, FailureCode.ToolFailed, (DateTimeOffset?)at), (answer.IsFallback, answer.FallbackCode, answer.AsOf));
        Assert.StartsWith("good\n[as of ", answer.Result, StringComparison.Ordinal);
        Assert.Contains("30 s ago", answer.Result, StringComparison.Ordinal);
        Assert.Equal("Nothing known.", (await app.CallAsync("""{"text":"b"}""")).Success.Result);
        Assert.Equal("Nothing known.", (await app.CallAsync(app.NewCall("""{"text":"a","count":1}""") with { Tenant = "other" })).Success.Result);
    }

    [Fact]
    public async Task A_last_good_result_beyond_its_age_is_not_used()
    {
        await using var app = await StartAsync(LastGood);
        app.Script.Run = (_, _) => Task.FromResult(new ToolOutput("good"));
        await app.CallAsync();
        Break(app);
        app.Time.Advance(TimeSpan.FromSeconds(61));

        var answer = (await app.CallAsync()).Success;

        Assert.Equal(("Nothing known.", true, null), (answer.Result, answer.IsFallback, answer.AsOf));
    }

    [Fact]
    public async Task A_last_good_result_survives_its_process()
    {
        await using var app = await StartAsync(LastGood);
        app.Script.Run = (_, _) => Task.FromResult(new ToolOutput("good"));
        await app.CallAsync();
        await Eventually.HoldsAsync(() => app.QueryAsync(x => x.LastGoodResults.AnyAsync(TestContext.Current.CancellationToken)), "the result is stored");
        await using var next = await StartAsync(LastGood, x =>
        {
            x.Clock = app.Time;
            x.Settings["Tools:Database:ConnectionString"] = $"Data Source={Path.Combine(app.ContentRoot, "tools.db")};Pooling=False";
        });
        Break(next);

        Assert.StartsWith("good\n", (await next.CallAsync()).Success.Result, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_tool_answers_the_call_of_the_one_that_failed()
    {
        await using var app = await StartAsync(OtherTool, seed: true);
        Break(app);
        var call = app.NewCall("""{"accountId":"acc_1"}""");

        var answer = (await app.CallAsync(call)).Success;

        Assert.Equal((call.CallId, call.Tool), (answer.CallId, answer.Tool));
        Assert.Equal((true, FailureCode.ToolFailed, "get_account_status"), (answer.IsFallback, answer.FallbackCode, answer.AnsweredBy));
        Assert.Contains("acc_1", answer.Result, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_nobody_serves_the_other_tool_what_is_declared_for_that_answers()
    {
        await using var app = await StartAsync(OtherTool, x => x.Settings["Tools:Serve:0"] = ScriptedTool.ToolName, seed: true);
        Break(app);

        var answer = (await app.CallAsync("""{"accountId":"acc_1"}""")).Success;

        Assert.Equal(("Nothing known.", true, FailureCode.ToolFailed, null), (answer.Result, answer.IsFallback, answer.FallbackCode, answer.AnsweredBy));
    }

    [Fact]
    public async Task Where_the_other_tool_has_no_result_what_is_declared_for_that_answers()
    {
        await using var app = await StartAsync(OtherTool, seed: true);
        Break(app);

        // Arguments that the other tool does not take.
        var answer = (await app.CallAsync("""{"text":"a"}""")).Success;

        Assert.Equal(("Nothing known.", true, FailureCode.ToolFailed), (answer.Result, answer.IsFallback, answer.FallbackCode));
    }

    [Fact]
    public async Task A_changed_manifest_is_in_force_without_a_restart_and_keeps_the_circuit()
    {
        await using var app = await StartAsync("""{"kind":"message","text":"Before."}""");
        Break(app);
        for (var call = 0; call < 5; call++)
        {
            Assert.Equal("Before.", (await app.CallAsync()).Success.Result);
        }

        await File.WriteAllTextAsync(Path.Combine(app.ToolsFolder, "scripted.json"), "{", TestContext.Current.CancellationToken);
        app.Time.Advance(TimeSpan.FromMilliseconds(2500));
        Assert.Equal("Before.", (await app.CallAsync()).Success.Result);
        Manifest(app, """{"kind":"message","text":"After."}""");
        await Eventually.HoldsAsync(
            () =>
            {
                app.Time.Advance(TimeSpan.FromMilliseconds(100));
                return Task.FromResult(app.Services.GetRequiredService<ToolCircuits>()[ScriptedTool.ToolName].Tool.Manifest.Fallback.Content == "After.");
            },
            "the manifest is read again");

        Assert.Equal("After.", (await app.CallAsync()).Success.Result);
        Assert.NotEqual("closed", app.Services.GetRequiredService<ToolCircuits>()[ScriptedTool.ToolName].State);
    }

    private static void Break(ToolWorkersApp app) => app.Script.Run = (_, _) => throw new InvalidOperationException("broken");

    private static void Manifest(ToolWorkersApp app, string fallback) => app.AddManifest(manifest =>
    {
        manifest["fallback"] = JsonNode.Parse(fallback);
        manifest["onFailure"] = "fallback";
        manifest["parameters"] = JsonNode.Parse("""{"type":"object","properties":{"text":{"type":"string"},"count":{"type":"integer"},"accountId":{"type":"string"}},"additionalProperties":false}""");
        manifest["breaker"] = JsonNode.Parse("""{"breakSeconds":600}""");
    });

    private static Task<ToolWorkersApp> StartAsync(string fallback, Action<ToolWorkersApp>? arrange = null, bool seed = false) => ToolWorkersApp.StartAsync(
        x =>
        {
            x.Settings["Tools:ReloadInterval"] = "00:00:01";
            Manifest(x, fallback);
            arrange?.Invoke(x);
        },
        seed);
}
