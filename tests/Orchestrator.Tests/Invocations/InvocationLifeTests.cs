using System.Text.Json;
using Pipeline.Contracts;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.Invocations;
using Pipeline.Contracts.ToolCalls;
using Pipeline.Fixtures;
using Pipeline.Orchestrator.Invocations;
using Pipeline.Orchestrator.Tests.Setup;

namespace Pipeline.Orchestrator.Tests.Invocations;

public sealed class InvocationLifeTests
{
    [Fact]
    public async Task A_submission_asks_the_model_for_the_first_turn()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var submission = OrchestratorFixture.Submission() with { Priority = "batch" };

        var request = await orchestrator.StartInvocationAsync(submission);

        Assert.Equal(submission.InvocationId, request.InvocationId);
        Assert.Equal(1, request.Turn);
        Assert.Equal("acme", request.Tenant);
        Assert.Equal("resolver", request.Agent);
        Assert.Equal("default", request.Pool);
        Assert.Equal("Help.", request.SystemPrompt);
        Assert.Equal("Help me.", Assert.Single(request.Messages).Text);
        Assert.Equal(["look_up", "refund"], request.Tools.Select(x => x.Name));
        Assert.Equal(4096, request.MaxOutputTokens);
        Assert.Equal(orchestrator.Clock.GetUtcNow() + TimeSpan.FromSeconds(600), request.Deadline);
        Assert.Equal("batch", request.Priority);
    }

    [Fact]
    public async Task A_text_answer_completes_the_invocation()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var request = await orchestrator.StartInvocationAsync();

        await orchestrator.AnswerAsync(request, "It is done.");

        var completed = await orchestrator.AssertEndedAsync(request.InvocationId, InvocationEventName.Completed);
        Assert.Equal("It is done.", completed.Output);
        Assert.False(completed.Degraded);
        Assert.Equal(new InvocationUsage { Turns = 1, ToolCalls = 0, InputTokens = 10, OutputTokens = 5 }, completed.Usage);
        Assert.Null(completed.Code);
        Assert.Equal(["accepted", "model_answered", "completed"], (await orchestrator.TimelineAsync(request.InvocationId)).Select(x => x.Kind));
    }

    [Fact]
    public async Task Two_turns_with_parallel_tools()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var first = await orchestrator.StartInvocationAsync();
        await orchestrator.AskForToolsAsync(first, "look_up", "refund");
        var calls = (await orchestrator.ToolCalls.NextAsync(2)).OrderBy(x => x.CallId, StringComparer.Ordinal).ToList();

        Assert.Equal(["look_up", "refund"], calls.Select(x => x.Tool));
        Assert.Equal([ToolCallId.Of(first.InvocationId, 1, 0), ToolCallId.Of(first.InvocationId, 1, 1)], calls.Select(x => x.CallId));
        Assert.Equal("""{"n":1}""", calls[1].Arguments);
        Assert.All(calls, x => Assert.Equal(first.Deadline, x.Deadline));

        // The second call answers first.
        await orchestrator.ToolAnswersAsync(calls[1], "refunded");
        await orchestrator.SendAsync(OrchestratorFixture.ToolFailure(calls[0]));

        var second = await orchestrator.Model.NextAsync();
        Assert.Equal(2, second.Turn);
        Assert.Equal(["Help me.", null, """{"error":"tool_timeout","message":"No answer in 5 s."}""", "refunded"], second.Messages.Select(x => x.Text));
        await orchestrator.AnswerAsync(second);

        var completed = await orchestrator.AssertEndedAsync(first.InvocationId, InvocationEventName.Completed);
        Assert.Equal(new InvocationUsage { Turns = 2, ToolCalls = 2, InputTokens = 20, OutputTokens = 10 }, completed.Usage);
        Assert.Equal(
            ["accepted", "model_answered", "tool_succeeded", "tool_failed", "model_answered", "completed"],
            (await orchestrator.TimelineAsync(first.InvocationId)).Select(x => x.Kind));
    }

    [Fact]
    public async Task Progress_is_told_with_the_entry_and_the_state()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var call = Assert.Single(await orchestrator.StartToolsAsync("look_up"));
        await orchestrator.ToolAnswersAsync(call);

        var progress = orchestrator.Traffic.Events.Where(x => x.Event == InvocationEventName.Progressed).ToList();

        Assert.Equal([(2, "AwaitingTools"), (3, "AwaitingModel")], progress.Select(x => (x.Seq!.Value, x.State!)));
    }

    [Fact]
    public async Task An_agent_without_progress_publishes_none()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { Agents = x => x.WithAgent(tools: ["look_up"], publishProgress: false) });
        var call = Assert.Single(await orchestrator.StartToolsAsync("look_up"));
        await orchestrator.ToolAnswersAsync(call);
        await orchestrator.AnswerAsync(await orchestrator.Model.NextAsync());

        Assert.Equal(["accepted", "completed"], orchestrator.Traffic.Events.Select(x => x.Event));
    }

    [Fact]
    public async Task Metadata_and_session_come_back_on_every_event()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var metadata = new Dictionary<string, string> { ["ticket"] = "T-1", ["Größe"] = "ß" };
        var request = await orchestrator.StartInvocationAsync(OrchestratorFixture.Submission() with { Session = "customer-42", Metadata = metadata });
        await orchestrator.AskForToolsAsync(request, "look_up");
        await orchestrator.ToolAnswersAsync(await orchestrator.ToolCalls.NextAsync());
        await orchestrator.AnswerAsync(await orchestrator.Model.NextAsync());

        var events = await orchestrator.Events.NextAsync(4);
        Assert.Equal(["accepted", "progressed", "progressed", "completed"], events.Select(x => x.Event.Event));
        Assert.All(events, x => Assert.Equal("customer-42", x.Event.Session));
        Assert.All(events, x => Assert.Equal(metadata, x.Event.Metadata));
    }

    [Fact]
    public async Task An_event_is_plain_JSON_with_the_documented_names()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var submission = OrchestratorFixture.Submission() with { Session = "customer-42", Metadata = new Dictionary<string, string> { ["ticket"] = "T-1" } };
        await orchestrator.AnswerAsync(await orchestrator.StartInvocationAsync(submission), "Done.");

        var events = await orchestrator.Events.NextAsync(2);

        AssertJson(
            $$$"""
            {"invocationId":"{{{submission.InvocationId}}}","tenant":"acme","agent":"resolver","session":"customer-42","event":"accepted",
             "at":"2026-11-20T12:00:00+00:00","metadata":{"ticket":"T-1"}}
            """,
            events[0].Body);
        AssertJson(
            $$$"""
            {"invocationId":"{{{submission.InvocationId}}}","tenant":"acme","agent":"resolver","session":"customer-42","event":"completed",
             "at":"2026-11-20T12:00:00+00:00","metadata":{"ticket":"T-1"},"output":"Done.","degraded":false,
             "usage":{"turns":1,"toolCalls":0,"inputTokens":10,"outputTokens":5}}
            """,
            events[1].Body);
    }

    [Fact]
    public async Task A_fallback_of_a_tool_or_a_pool_degrades_the_result()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var call = Assert.Single(await orchestrator.StartToolsAsync("look_up"));
        await orchestrator.SendAsync(OrchestratorFixture.ToolResult(call) with { IsFallback = true, FallbackCode = FailureCode.ToolUnavailable });
        await orchestrator.AnswerAsync(await orchestrator.Model.NextAsync());

        Assert.True((await orchestrator.AssertEndedAsync(call.InvocationId, InvocationEventName.Completed)).Degraded);
    }

    [Fact]
    public async Task An_answer_of_another_pool_degrades_the_result()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var request = await orchestrator.StartInvocationAsync();
        await orchestrator.SendAsync(OrchestratorFixture.Answer(request) with { Degraded = true });

        Assert.True((await orchestrator.AssertEndedAsync(request.InvocationId, InvocationEventName.Completed)).Degraded);
    }

    [Fact]
    public async Task An_unknown_tool_is_recorded_and_the_others_run()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var first = await orchestrator.StartInvocationAsync();
        await orchestrator.AskForToolsAsync(first, "delete_everything", "look_up");
        var call = await orchestrator.ToolCalls.NextAsync();

        Assert.Equal(ToolCallId.Of(first.InvocationId, 1, 1), call.CallId);
        await orchestrator.ToolAnswersAsync(call, "found");

        var second = await orchestrator.Model.NextAsync();
        Assert.Equal("""{"error":"tool_unknown","message":"There is no tool 'delete_everything'. Use one of: look_up, refund."}""", second.Messages[2].Text);
        Assert.Equal("found", second.Messages[3].Text);
        Assert.Equal(1, orchestrator.Traffic.Sent<RunTool>());
    }

    [Fact]
    public async Task Where_every_call_is_unknown_the_next_turn_is_asked_at_once()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var first = await orchestrator.StartInvocationAsync();

        await orchestrator.AskForToolsAsync(first, "this", "that");

        var second = await orchestrator.Model.NextAsync();
        Assert.Equal(2, second.Turn);
        Assert.Equal([true, true], second.Messages.Skip(2).Select(x => x.IsError));
        Assert.Equal("AwaitingModel", (await orchestrator.RowAsync(first.InvocationId)).CurrentState);
        await orchestrator.AnswerAsync(second);
        await orchestrator.AssertEndedAsync(first.InvocationId, InvocationEventName.Completed);
    }

    [Fact]
    public async Task A_failed_model_fails_the_invocation_with_its_code()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var request = await orchestrator.StartInvocationAsync();

        await orchestrator.SendAsync(ModelFailure(request));

        var failed = await orchestrator.AssertEndedAsync(request.InvocationId, InvocationEventName.Failed);
        Assert.Equal((FailureCode.ModelUnavailable, "No endpoint answered."), (failed.Code, failed.Reason));
        Assert.Null(failed.Output);
        Assert.Equal(["accepted", "model_failed", "failed"], (await orchestrator.TimelineAsync(request.InvocationId)).Select(x => x.Kind));
    }

    [Fact]
    public async Task The_agents_fallback_answer_stands_in_for_a_failed_model()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { Agents = x => x.WithAgent(fallbackAnswer: "A colleague will call you.") });
        var request = await orchestrator.StartInvocationAsync();

        await orchestrator.SendAsync(ModelFailure(request));

        var completed = await orchestrator.AssertEndedAsync(request.InvocationId, InvocationEventName.Completed);
        Assert.Equal("A colleague will call you.", completed.Output);
        Assert.True(completed.Degraded);
        Assert.Equal(FailureCode.ModelUnavailable, completed.Code);
    }

    [Theory]
    [InlineData("turn")]
    [InlineData("tokens")]
    [InlineData("tool calls")]
    public async Task A_limit_ends_the_invocation_before_a_tool_runs(string limit)
    {
        object limits = limit switch
        {
            "turn" => new { maxTurns = 1 },
            "tokens" => new { maxTokens = 15 },
            _ => new { maxToolCalls = 1 },
        };
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { Agents = x => x.WithAgent(tools: ["look_up"], limits: limits) });
        var request = await orchestrator.StartInvocationAsync();

        await orchestrator.AskForToolsAsync(request, "look_up", "look_up");

        var failed = await orchestrator.AssertEndedAsync(request.InvocationId, InvocationEventName.Failed);
        Assert.Equal(
            limit switch
            {
                "turn" => FailureCode.TurnLimitReached,
                "tokens" => FailureCode.TokenLimitReached,
                _ => FailureCode.ToolCallLimitReached,
            },
            failed.Code);
        Assert.Equal(0, orchestrator.Traffic.Sent<RunTool>());
    }

    [Fact]
    public async Task Within_its_limits_an_invocation_uses_them_up()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(
            new OrchestratorSetup { Agents = x => x.WithAgent(tools: ["look_up"], limits: new { maxTurns = 2, maxTokens = 16, maxToolCalls = 1, maxOutputTokens = 8 }) });
        var request = await orchestrator.StartInvocationAsync();
        await orchestrator.AskForToolsAsync(request, "look_up");
        await orchestrator.ToolAnswersAsync(await orchestrator.ToolCalls.NextAsync());

        var second = await orchestrator.Model.NextAsync();
        Assert.Equal(8, request.MaxOutputTokens);
        Assert.Equal(1, second.MaxOutputTokens);
        await orchestrator.AnswerAsync(second);
        await orchestrator.AssertEndedAsync(request.InvocationId, InvocationEventName.Completed);
    }

    [Fact]
    public async Task Of_300_calls_256_run_and_the_rest_is_refused_by_name()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { Agents = x => x.WithAgent(tools: ["look_up"], limits: new { maxToolCalls = 1000 }) });
        var request = await orchestrator.StartInvocationAsync();

        await orchestrator.AskForToolsAsync(request, [.. Enumerable.Repeat("look_up", 300)]);
        var calls = await orchestrator.ToolCalls.NextAsync(256);
        await Task.WhenAll(calls.Select(x => orchestrator.ToolAnswersAsync(x, x.Arguments)));

        var second = await orchestrator.Model.NextAsync();
        Assert.Equal(256, orchestrator.Traffic.Sent<RunTool>());
        Assert.Equal(302, second.Messages.Count);
        Assert.Equal(Enumerable.Range(0, 256).Select(x => $$"""{"n":{{x}}}"""), second.Messages.Skip(2).Take(256).Select(x => x.Text));
        Assert.All(second.Messages.Skip(258), x => Assert.Contains(FailureCode.FanOutLimitReached, x.Text, StringComparison.Ordinal));
        await orchestrator.AnswerAsync(second);
        var completed = await orchestrator.AssertEndedAsync(request.InvocationId, InvocationEventName.Completed);
        Assert.Equal(300, completed.Usage!.ToolCalls);
        Assert.Equal(2, orchestrator.Traffic.Sent<RequestCompletion>());
    }

    [Fact]
    public async Task An_open_invocation_keeps_the_version_it_started_with()
    {
        await using var database = await TestDatabase.CreateAsync("Sqlite");
        RequestCompletion request;
        await using (var before = await OrchestratorFixture.StartAsync(new OrchestratorSetup { Database = database, Agents = x => x.WithAgent(tools: ["look_up"], systemPrompt: "Old.") }))
        {
            request = await before.StartInvocationAsync();
        }

        await using var after = await OrchestratorFixture.StartAsync(new OrchestratorSetup
        {
            Database = database,
            Agents = x => x.WithAgent(tools: ["look_up"], systemPrompt: "Old.").WithAgent(version: 2, tools: ["refund"], systemPrompt: "New."),
        });
        await after.AskForToolsAsync(request, "look_up");
        await after.ToolAnswersAsync(await after.ToolCalls.NextAsync());

        Assert.Equal("Old.", (await after.Model.NextAsync()).SystemPrompt);
        Assert.Equal("New.", (await after.StartInvocationAsync()).SystemPrompt);
    }

    private static CompletionFailed ModelFailure(RequestCompletion request) => new()
    {
        InvocationId = request.InvocationId,
        Turn = request.Turn,
        Code = FailureCode.ModelUnavailable,
        Reason = "No endpoint answered.",
    };

    // Members without a value may be null or absent.
    private static void AssertJson(string expected, string actual)
    {
        var members = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(actual)!.Where(x => x.Value.ValueKind != JsonValueKind.Null).ToDictionary();
        Assert.True(
            JsonElement.DeepEquals(JsonSerializer.Deserialize<JsonElement>(expected), JsonSerializer.SerializeToElement(members)),
            $"Expected {expected}{Environment.NewLine}but got {actual}");
    }
}
