using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Contracts;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.Explanations;
using Pipeline.Orchestrator.Access;
using Pipeline.Orchestrator.Explanations;
using Pipeline.Orchestrator.Tests.Setup;

namespace Pipeline.Orchestrator.Tests.Explanations;

public sealed class ExplanationTests : IAsyncLifetime
{
    private static readonly Caller Operator = new(null, true);

    private OrchestratorFixture _orchestrator = null!;

    public async ValueTask InitializeAsync() => _orchestrator = await OrchestratorFixture.StartAsync();

    public ValueTask DisposeAsync() => _orchestrator.DisposeAsync();

    [Fact]
    public async Task Every_second_of_an_ended_invocation_has_its_cause()
    {
        var first = await _orchestrator.StartInvocationAsync();
        _orchestrator.Clock.Advance(TimeSpan.FromSeconds(10));
        await _orchestrator.SendAsync(OrchestratorFixture.ToolRequest(first, "look_up", "refund") with
        {
            Effort = new CompletionEffort { Pool = "default", Calls = 2, Throttled = 1, HeldMs = 6000, CallMs = 3000 },
        });
        var calls = await _orchestrator.ToolCalls.NextAsync(2);
        _orchestrator.Clock.Advance(TimeSpan.FromSeconds(1));
        await _orchestrator.SendAsync(OrchestratorFixture.ToolResult(calls.Single(x => x.Tool == "look_up")) with { IsFallback = true, FallbackCode = FailureCode.ToolUnavailable, Circuit = "open", WorkerMs = 5 });
        _orchestrator.Clock.Advance(TimeSpan.FromSeconds(4));
        await _orchestrator.SendAsync(OrchestratorFixture.ToolResult(calls.Single(x => x.Tool == "refund")) with { DurationMs = 1500, WorkerMs = 2000, Circuit = "closed", Redelivered = true });
        var second = await _orchestrator.Model.NextAsync();
        _orchestrator.Clock.Advance(TimeSpan.FromSeconds(5));
        await _orchestrator.SendAsync(OrchestratorFixture.Answer(second) with
        {
            Degraded = true,
            Effort = new CompletionEffort { Pool = "backup", Calls = 1, RetryDelayMs = 1000, CallMs = 3500, FallbackReason = "Pool 'default': overloaded.", CircuitWasOpen = true },
        });

        var explained = await ExplainAsync(first.InvocationId);

        Assert.Equal("Completed", explained.State);
        Assert.Equal(20_000, explained.ElapsedMs);
        Assert.True(explained.Degraded);
        Assert.Null(explained.WaitsFor);
        Assert.Equal(20_000, explained.Shares.Sum(x => x.Ms), 3);
        Assert.Equal(100, explained.Shares.Sum(x => x.Percent), 3);
        Assert.Equal(
            [("model_call", 6500.0), ("model_limits", 6000.0), ("tool_queue", 3000.0), ("model_queue", 1500.0), ("tool_run", 1500.0), ("model_retries", 1000.0), ("tool_worker", 500.0)],
            explained.Shares.Select(x => (x.Cause, x.Ms)));
        Assert.Equal([1, 2], explained.Turns.Select(x => x.Turn));
        Assert.Equal([10_000, 5000], explained.Turns.Select(x => x.TookMs));
        Assert.Contains("held 6.0 s by the limits of pool 'default'", explained.Turns[0].Why, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("throttled 1 of 2 calls", explained.Turns[0].Why, StringComparison.Ordinal);
        Assert.Contains("pool 'backup' stood in", explained.Turns[1].Why, StringComparison.Ordinal);
        var lookUp = explained.Turns[0].Calls.Single(x => x.Tool == "look_up");
        Assert.Equal(("fallback", FailureCode.ToolUnavailable, "open"), (lookUp.Outcome, lookUp.Code, lookUp.Circuit));
        Assert.Contains("circuit was open", lookUp.Why, StringComparison.Ordinal);
        var refund = explained.Turns[0].Calls.Single(x => x.Tool == "refund");
        Assert.Equal((5000.0, 1500.0, 500.0, 3000.0), (refund.TookMs, refund.RanMs, refund.HeldMs, refund.QueuedMs));
        Assert.Contains("more than once", refund.Why, StringComparison.Ordinal);
        Assert.Contains(explained.Notes, x => x.Contains("Late and repeated answers", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_open_invocation_says_what_it_waits_for_and_since_when()
    {
        var started = _orchestrator.Clock.GetUtcNow();
        var request = await _orchestrator.StartInvocationAsync();
        _orchestrator.Clock.Advance(TimeSpan.FromSeconds(30));

        var waitsForModel = (await ExplainAsync(request.InvocationId)).WaitsFor!;
        Assert.Equal(("model", 30_000.0, started), (waitsForModel.For, waitsForModel.WaitedMs, waitsForModel.Since));

        await _orchestrator.AskForToolsAsync(request, "look_up", "refund");
        var calls = await _orchestrator.ToolCalls.NextAsync(2);
        _orchestrator.Clock.Advance(TimeSpan.FromSeconds(2));
        await _orchestrator.ToolAnswersAsync(calls.Single(x => x.Tool == "look_up"));
        _orchestrator.Clock.Advance(TimeSpan.FromSeconds(3));

        var explained = await ExplainAsync(request.InvocationId);
        Assert.Equal("tools", explained.WaitsFor!.For);
        Assert.Equal(["tool.refund"], explained.WaitsFor.Queues);
        Assert.Equal(5000, explained.WaitsFor.WaitedMs);
        Assert.Contains("tool.refund", explained.Advice, StringComparison.Ordinal);
        Assert.Equal(explained.ElapsedMs, explained.Shares.Sum(x => x.Ms), 3);
    }

    [Fact]
    public async Task A_failed_model_and_a_refused_tool_are_explained_with_their_codes()
    {
        var request = await _orchestrator.StartInvocationAsync();
        await _orchestrator.AskForToolsAsync(request, "nonsense", "look_up");
        await _orchestrator.ToolAnswersAsync(await _orchestrator.ToolCalls.NextAsync());
        var second = await _orchestrator.Model.NextAsync();
        _orchestrator.Clock.Advance(TimeSpan.FromSeconds(7));
        await _orchestrator.SendAsync(new CompletionFailed
        {
            InvocationId = second.InvocationId,
            Turn = second.Turn,
            Code = FailureCode.ModelUnavailable,
            Reason = "Pool 'default': nobody answered.",
            Effort = new CompletionEffort { Pool = "default", Calls = 3, RetryDelayMs = 4000, CallMs = 3000 },
        });

        var explained = await ExplainAsync(request.InvocationId);

        Assert.Equal(("Failed", FailureCode.ModelUnavailable), (explained.State, explained.Code));
        Assert.Equal(FailureCode.ToolUnknown, explained.Turns[0].Calls[0].Code);
        Assert.Equal(("failed", FailureCode.ModelUnavailable, 3), (explained.Turns[1].Outcome, explained.Turns[1].Code, explained.Turns[1].Effort!.Calls));
        Assert.Contains("called 3 times", explained.Turns[1].Why, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Entries_that_say_nothing_of_their_effort_are_explained_as_far_as_they_go()
    {
        var request = await _orchestrator.StartInvocationAsync();
        _orchestrator.Clock.Advance(TimeSpan.FromSeconds(3));
        await _orchestrator.AskForToolsAsync(request, "look_up");
        _orchestrator.Clock.Advance(TimeSpan.FromSeconds(1));
        await _orchestrator.ToolAnswersAsync(await _orchestrator.ToolCalls.NextAsync());
        await _orchestrator.AnswerAsync(await _orchestrator.Model.NextAsync());

        var explained = await ExplainAsync(request.InvocationId);

        Assert.Equal([("model", 3000.0), ("tool", 1000.0)], explained.Shares.Select(x => (x.Cause, x.Ms)));
        Assert.Contains(explained.Notes, x => x.Contains("does not tell", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Another_tenants_invocation_is_as_unknown_as_none()
    {
        var request = await _orchestrator.StartInvocationAsync();

        Assert.NotNull(await FindAsync(request.InvocationId, new Caller("acme", false)));
        Assert.Null(await FindAsync(request.InvocationId, new Caller("globex", false)));
        Assert.Null(await FindAsync(Guid.NewGuid(), Operator));
    }

    [Fact]
    public async Task The_route_answers_an_explanation_or_a_problem_with_a_code()
    {
        var request = await _orchestrator.StartInvocationAsync();
        using var http = new HttpClient { BaseAddress = new Uri(_orchestrator.Address) };

        var explained = await http.GetFromJsonAsync<InvocationExplanation>($"/invocations/{request.InvocationId}/explanation", TestContext.Current.CancellationToken);
        Assert.Equal(request.InvocationId, explained!.InvocationId);

        using var unknown = await http.GetAsync($"/invocations/{Guid.NewGuid()}/explanation", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        Assert.Equal("application/problem+json", unknown.Content.Headers.ContentType!.MediaType);
        Assert.Equal("invocation_unknown", (await unknown.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken)).GetProperty("code").GetString());
    }

    [Fact]
    public async Task The_description_of_the_messages_is_served()
    {
        using var http = new HttpClient { BaseAddress = new Uri(_orchestrator.Address) };

        var document = await http.GetFromJsonAsync<JsonElement>("/asyncapi.json", TestContext.Current.CancellationToken);

        Assert.Equal("3.0.0", document.GetProperty("asyncapi").GetString());
    }

    private async Task<InvocationExplanation> ExplainAsync(Guid id) => (await FindAsync(id, Operator))!;

    private async Task<InvocationExplanation?> FindAsync(Guid id, Caller caller)
    {
        await using var scope = _orchestrator.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<ExplanationQueries>().FindAsync(id, caller, TestContext.Current.CancellationToken);
    }
}
