using Pipeline.Contracts;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.Invocations;
using Pipeline.Contracts.ToolCalls;
using Pipeline.Orchestrator.Invocations;
using Pipeline.Orchestrator.Tests.Setup;

namespace Pipeline.Orchestrator.Tests.Invocations;

/// <summary>Every join rule with results, failures, fallbacks, late and duplicate answers.</summary>
public sealed class FanOutJoinTests
{
    private static readonly string[] FourCalls = ["look_up", "look_up", "look_up", "look_up"];

    [Fact]
    public async Task AllSettled_waits_for_every_call_and_keeps_what_succeeded_beside_what_failed()
    {
        await using var orchestrator = await StartAsync("allSettled");
        var calls = await StartFourAsync(orchestrator);

        await orchestrator.SendAsync(OrchestratorFixture.ToolFailure(calls[0]));
        await orchestrator.ToolAnswersAsync(calls[1], "one");
        await orchestrator.ToolAnswersAsync(calls[2], "two");
        Assert.Equal("AwaitingTools", (await orchestrator.RowAsync(calls[0].InvocationId)).CurrentState);
        await orchestrator.ToolAnswersAsync(calls[3], "three");

        var second = await orchestrator.Model.NextAsync();
        Assert.Equal(["one", "two", "three"], ToolTexts(second).Skip(1));
        Assert.DoesNotContain(TimelineKind.CallsNotAwaited, await KindsAsync(orchestrator, second));
    }

    [Fact]
    public async Task All_goes_on_at_the_first_failure_with_what_has_finished_and_names_the_rest()
    {
        await using var orchestrator = await StartAsync("all");
        var calls = await StartFourAsync(orchestrator);

        await orchestrator.ToolAnswersAsync(calls[2], "finished");
        await orchestrator.SendAsync(OrchestratorFixture.ToolFailure(calls[1]));

        var second = await orchestrator.Model.NextAsync();
        var texts = ToolTexts(second);
        Assert.Equal(4, texts.Count);
        Assert.Contains(FailureCode.CallNotAwaited, texts[0], StringComparison.Ordinal);
        Assert.Contains(FailureCode.ToolTimeout, texts[1], StringComparison.Ordinal);
        Assert.Equal("finished", texts[2]);
        Assert.Contains("rule 'all'", texts[3], StringComparison.Ordinal);
        Assert.Equal(["call_0", "call_1", "call_2", "call_3"], second.Messages.Where(x => x.Role == ConversationRole.Tool).Select(x => x.ToolCallId));
        Assert.Equal(
            ["accepted", "model_answered", "tool_succeeded", "tool_failed", "calls_not_awaited"],
            await KindsAsync(orchestrator, second));
    }

    [Fact]
    public async Task All_takes_a_declared_fallback_for_a_result()
    {
        await using var orchestrator = await StartAsync("all");
        var calls = await StartFourAsync(orchestrator);

        await orchestrator.SendAsync(Fallback(calls[0]));
        foreach (var call in calls.Skip(1))
        {
            await orchestrator.ToolAnswersAsync(call, "own");
        }

        var second = await orchestrator.Model.NextAsync();
        Assert.Equal(["fallback", "own", "own", "own"], ToolTexts(second));
        Assert.True((await orchestrator.RowAsync(second.InvocationId)).Degraded);
    }

    [Fact]
    public async Task All_runs_none_where_one_cannot_be_run()
    {
        await using var orchestrator = await StartAsync("all");
        var first = await orchestrator.StartInvocationAsync();

        await orchestrator.AskForToolsAsync(first, "look_up", "no_such_tool", "refund");

        var texts = ToolTexts(await orchestrator.Model.NextAsync());
        Assert.Contains("was not run", texts[0], StringComparison.Ordinal);
        Assert.Contains(FailureCode.ToolUnknown, texts[1], StringComparison.Ordinal);
        Assert.Contains(FailureCode.CallNotAwaited, texts[2], StringComparison.Ordinal);
        Assert.Equal(0, orchestrator.Traffic.Sent<RunTool>());
    }

    [Fact]
    public async Task FirstSuccess_passes_over_failures_and_fallbacks()
    {
        await using var orchestrator = await StartAsync("firstSuccess");
        var calls = await StartFourAsync(orchestrator);

        await orchestrator.SendAsync(OrchestratorFixture.ToolFailure(calls[0]));
        await orchestrator.SendAsync(Fallback(calls[1]));
        Assert.Equal("AwaitingTools", (await orchestrator.RowAsync(calls[0].InvocationId)).CurrentState);
        await orchestrator.ToolAnswersAsync(calls[2], "winner");

        var texts = ToolTexts(await orchestrator.Model.NextAsync());
        Assert.Equal("fallback", texts[1]);
        Assert.Equal("winner", texts[2]);
        Assert.Contains("rule 'firstSuccess'", texts[3], StringComparison.Ordinal);
    }

    [Fact]
    public async Task FirstSuccess_without_any_goes_on_when_all_have_failed()
    {
        await using var orchestrator = await StartAsync("firstSuccess");
        var calls = await StartFourAsync(orchestrator);

        foreach (var call in calls)
        {
            await orchestrator.SendAsync(OrchestratorFixture.ToolFailure(call));
        }

        Assert.All(ToolTexts(await orchestrator.Model.NextAsync()), x => Assert.Contains(FailureCode.ToolTimeout, x, StringComparison.Ordinal));
    }

    [Fact]
    public async Task K_of_n_goes_on_with_k_results_and_a_duplicate_counts_once()
    {
        await using var orchestrator = await StartAsync(new { atLeast = 2 });
        var calls = await StartFourAsync(orchestrator);

        await orchestrator.ToolAnswersAsync(calls[3], "one");
        await orchestrator.AssertChangesNothingAsync(calls[3].InvocationId, () => orchestrator.ToolAnswersAsync(calls[3], "one again"));
        await orchestrator.SendAsync(OrchestratorFixture.ToolFailure(calls[0]));
        await orchestrator.ToolAnswersAsync(calls[1], "two");

        var texts = ToolTexts(await orchestrator.Model.NextAsync());
        Assert.Equal("two", texts[1]);
        Assert.Contains("rule 'atLeast 2'", texts[2], StringComparison.Ordinal);
        Assert.Equal("one", texts[3]);
    }

    [Fact]
    public async Task K_of_fewer_than_k_waits_for_all_of_them()
    {
        await using var orchestrator = await StartAsync(new { atLeast = 9 });
        var calls = await StartFourAsync(orchestrator);

        foreach (var call in calls)
        {
            Assert.Equal("AwaitingTools", (await orchestrator.RowAsync(call.InvocationId)).CurrentState);
            await orchestrator.ToolAnswersAsync(call, "own");
        }

        Assert.Equal(["own", "own", "own", "own"], ToolTexts(await orchestrator.Model.NextAsync()));
    }

    [Fact]
    public async Task A_result_after_the_join_is_ignored_in_every_later_turn()
    {
        await using var orchestrator = await StartAsync("firstSuccess");
        var calls = await StartFourAsync(orchestrator);
        await orchestrator.ToolAnswersAsync(calls[0], "winner");
        var second = await orchestrator.Model.NextAsync();

        // While the model is awaited, and while the tools of the next turn run.
        await orchestrator.AssertChangesNothingAsync(second.InvocationId, () => orchestrator.ToolAnswersAsync(calls[1], "late"));
        await orchestrator.AssertChangesNothingAsync(second.InvocationId, () => orchestrator.SendAsync(OrchestratorFixture.ToolFailure(calls[2])));
        await orchestrator.AskForToolsAsync(second, "look_up");
        await orchestrator.AssertChangesNothingAsync(second.InvocationId, () => orchestrator.ToolAnswersAsync(calls[3], "late"));
        await orchestrator.ToolAnswersAsync(await orchestrator.ToolCalls.NextAsync(), "of turn 2");
        await orchestrator.AnswerAsync(await orchestrator.Model.NextAsync());

        await orchestrator.AssertEndedAsync(second.InvocationId, InvocationEventName.Completed);
    }

    [Fact]
    public async Task The_agents_limit_counts()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { Agents = x => x.WithAgent(tools: ["look_up"], fanOut: new { limit = 2 }) });
        var first = await orchestrator.StartInvocationAsync();
        await orchestrator.AskForToolsAsync(first, "look_up", "look_up", "look_up");

        foreach (var call in await orchestrator.ToolCalls.NextAsync(2))
        {
            await orchestrator.ToolAnswersAsync(call, "own");
        }

        var texts = ToolTexts(await orchestrator.Model.NextAsync());
        Assert.Equal(["own", "own"], texts.Take(2));
        Assert.Contains("Only '2' tool calls", texts[2], StringComparison.Ordinal);
    }

    private static Task<OrchestratorFixture> StartAsync(object join) =>
        OrchestratorFixture.StartAsync(new OrchestratorSetup { Agents = x => x.WithAgent(tools: ["look_up", "refund"], fanOut: new { join }) });

    private static async Task<IReadOnlyList<RunTool>> StartFourAsync(OrchestratorFixture orchestrator) =>
        [.. (await orchestrator.StartToolsAsync(FourCalls)).OrderBy(x => x.CallId, StringComparer.Ordinal)];

    private static ToolSucceeded Fallback(RunTool call) =>
        OrchestratorFixture.ToolResult(call, "fallback") with { IsFallback = true, FallbackCode = FailureCode.ToolUnavailable };

    private static List<string> ToolTexts(RequestCompletion request) => [.. request.Messages.Where(x => x.Role == ConversationRole.Tool).Select(x => x.Text!)];

    private static async Task<List<string>> KindsAsync(OrchestratorFixture orchestrator, RequestCompletion request) =>
        [.. (await orchestrator.TimelineAsync(request.InvocationId)).Select(x => x.Kind)];
}
