using MassTransit;
using Pipeline.Contracts;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.Invocations;
using Pipeline.Contracts.ToolCalls;
using Pipeline.Orchestrator.Invocations;
using Pipeline.Orchestrator.Tests.Setup;

namespace Pipeline.Orchestrator.Tests.Invocations;

/// <summary>Answers that come twice, late, early or for something else; timers and cancellations in every state.</summary>
public sealed class LateAndDuplicateTests
{
    [Fact]
    public async Task The_same_submission_twice_is_one_invocation_and_accepted_again()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var submission = OrchestratorFixture.Submission();
        await orchestrator.StartInvocationAsync(submission);

        await orchestrator.AssertChangesNothingAsync(submission.InvocationId!.Value, () => orchestrator.SubmitAsync(submission));
    }

    [Fact]
    public async Task The_same_key_with_another_body_is_refused()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var submission = OrchestratorFixture.Submission() with { InvocationId = null, IdempotencyKey = "order-7" };
        var request = await orchestrator.StartInvocationAsync(submission);
        var before = await orchestrator.RowAsync(request.InvocationId);

        await orchestrator.SubmitAsync(OrchestratorFixture.Submission("Something else.") with { InvocationId = null, IdempotencyKey = "order-7" });

        var rejected = orchestrator.Traffic.Events[^1];
        Assert.Equal((InvocationEventName.Rejected, FailureCode.IdempotencyConflict), (rejected.Event, rejected.Code));
        Assert.Equal(request.InvocationId, rejected.InvocationId);
        Assert.Equal(before.LastSeq, (await orchestrator.RowAsync(request.InvocationId)).LastSeq);
        Assert.Equal(1, orchestrator.Traffic.Sent<RequestCompletion>());
        Assert.Empty(orchestrator.Traffic.Faults);
    }

    [Fact]
    public async Task A_submission_that_is_repeated_after_the_end_is_accepted_again()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var submission = OrchestratorFixture.Submission();
        await orchestrator.AnswerAsync(await orchestrator.StartInvocationAsync(submission));

        await orchestrator.AssertChangesNothingAsync(submission.InvocationId!.Value, () => orchestrator.SubmitAsync(submission));
        await orchestrator.AssertEndedAsync(submission.InvocationId!.Value, InvocationEventName.Completed);
    }

    [Fact]
    public async Task An_answer_before_the_start_is_discarded()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var id = NewId.NextGuid();

        await orchestrator.SendAsync(new CompletionReceived { InvocationId = id, Turn = 1, Text = "x", Usage = new TokenUsage { InputTokens = 1, OutputTokens = 1 } });
        await orchestrator.SendAsync(new CancelInvocation { InvocationId = id });
        await orchestrator.SendAsync(new ResumeInvocation { InvocationId = id });

        Assert.Empty(orchestrator.Traffic.Faults);
        Assert.Equal(0, await orchestrator.ReadAsync(x => Task.FromResult(x.Invocations.Count())));
        var request = await orchestrator.StartInvocationAsync(OrchestratorFixture.Submission() with { InvocationId = id });
        await orchestrator.AnswerAsync(request);
        await orchestrator.AssertEndedAsync(id, InvocationEventName.Completed);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task An_answer_for_another_turn_is_ignored(int turn)
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var request = await orchestrator.StartInvocationAsync();

        await orchestrator.AssertChangesNothingAsync(request.InvocationId, () => orchestrator.AnswerAsync(request with { Turn = turn }));
        await orchestrator.AssertChangesNothingAsync(
            request.InvocationId,
            () => orchestrator.SendAsync(new CompletionFailed { InvocationId = request.InvocationId, Turn = turn, Code = FailureCode.ModelUnavailable, Reason = "late" }));
    }

    [Fact]
    public async Task A_model_answer_while_tools_run_is_ignored()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var request = await orchestrator.StartInvocationAsync();
        await orchestrator.AskForToolsAsync(request, "look_up");

        await orchestrator.AssertChangesNothingAsync(request.InvocationId, () => orchestrator.AskForToolsAsync(request, "look_up", "refund"));
    }

    [Fact]
    public async Task The_answer_of_the_turn_before_is_ignored_in_the_next_one()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var request = await orchestrator.StartInvocationAsync();
        await orchestrator.AskForToolsAsync(request, "look_up");
        await orchestrator.ToolAnswersAsync(await orchestrator.ToolCalls.NextAsync());

        await orchestrator.AssertChangesNothingAsync(request.InvocationId, () => orchestrator.AnswerAsync(request));
    }

    [Fact]
    public async Task A_tool_result_twice_counts_once()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var calls = await orchestrator.StartToolsAsync("look_up", "refund");
        await orchestrator.ToolAnswersAsync(calls[0]);

        await orchestrator.AssertChangesNothingAsync(calls[0].InvocationId, () => orchestrator.ToolAnswersAsync(calls[0], "another"));
        await orchestrator.AssertChangesNothingAsync(calls[0].InvocationId, () => orchestrator.SendAsync(OrchestratorFixture.ToolFailure(calls[0])));
    }

    [Fact]
    public async Task The_result_of_an_unknown_call_is_ignored()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var call = Assert.Single(await orchestrator.StartToolsAsync("look_up"));

        foreach (var id in new[] { "", "call_0", ToolCallId.Of(call.InvocationId, 1, 7), ToolCallId.Of(call.InvocationId, 2, 0), ToolCallId.Of(Guid.NewGuid(), 1, 0) })
        {
            await orchestrator.AssertChangesNothingAsync(call.InvocationId, () => orchestrator.ToolAnswersAsync(call with { CallId = id }));
        }
    }

    [Fact]
    public async Task A_tool_result_after_its_turn_is_ignored()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var first = Assert.Single(await orchestrator.StartToolsAsync("look_up"));
        await orchestrator.ToolAnswersAsync(first);
        var request = await orchestrator.Model.NextAsync();

        await orchestrator.AssertChangesNothingAsync(first.InvocationId, () => orchestrator.ToolAnswersAsync(first));
        await orchestrator.AskForToolsAsync(request, "look_up");
        await orchestrator.AssertChangesNothingAsync(first.InvocationId, () => orchestrator.ToolAnswersAsync(first));
    }

    [Fact]
    public async Task The_deadline_after_the_answer_changes_nothing()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var request = await orchestrator.StartInvocationAsync();
        orchestrator.Clock.Advance(TimeSpan.FromSeconds(600));
        await orchestrator.AnswerAsync(request);

        await orchestrator.AssertChangesNothingAsync(request.InvocationId, () => orchestrator.DeadlineElapsesAsync(request.InvocationId));
        await orchestrator.AssertEndedAsync(request.InvocationId, InvocationEventName.Completed);
    }

    [Fact]
    public async Task The_answer_after_the_deadline_changes_nothing()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var request = await orchestrator.StartInvocationAsync();
        orchestrator.Clock.Advance(TimeSpan.FromSeconds(600));
        await orchestrator.DeadlineElapsesAsync(request.InvocationId);

        await orchestrator.AssertChangesNothingAsync(request.InvocationId, () => orchestrator.AnswerAsync(request));
        await orchestrator.AssertEndedAsync(request.InvocationId, InvocationEventName.Expired);
    }

    [Fact]
    public async Task The_deadline_and_the_answer_at_once_end_the_invocation_once()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        for (var round = 0; round < 20; round++)
        {
            var request = await orchestrator.StartInvocationAsync();
            orchestrator.Clock.Advance(TimeSpan.FromSeconds(600));

            await Task.WhenAll(orchestrator.AnswerAsync(request), orchestrator.DeadlineElapsesAsync(request.InvocationId));

            var ended = (await orchestrator.RowAsync(request.InvocationId)).CurrentState;
            Assert.True(ended is "Completed" or "Expired", ended);
            await orchestrator.AssertEndedAsync(request.InvocationId, ended.ToLowerInvariant());
        }
    }

    [Theory]
    [InlineData("AwaitingModel")]
    [InlineData("AwaitingTools")]
    public async Task The_sweeper_expires_what_waits_too_long(string state)
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { SweepInterval = TimeSpan.FromSeconds(1) });
        var id = await InStateAsync(orchestrator, state);
        orchestrator.Clock.Advance(TimeSpan.FromSeconds(601));

        await Fixtures.Eventually.HoldsAsync(
            async () =>
            {
                orchestrator.Clock.Advance(TimeSpan.FromMilliseconds(200));
                return (await orchestrator.RowAsync(id)).CurrentState == "Expired" && orchestrator.Traffic.Events.Any(x => x.Event == InvocationEventName.Expired);
            },
            "the sweeper has expired the invocation");

        var expired = await orchestrator.AssertEndedAsync(id, InvocationEventName.Expired);
        Assert.Equal(FailureCode.DeadlineExceeded, expired.Code);
        Assert.Contains($"'{state}'", expired.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("AwaitingModel")]
    [InlineData("AwaitingTools")]
    public async Task The_deadline_of_the_submission_counts_where_it_is_sooner(string state)
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var deadline = orchestrator.Clock.GetUtcNow() + TimeSpan.FromSeconds(30);
        var id = await InStateAsync(orchestrator, state, OrchestratorFixture.Submission() with { Deadline = deadline });
        orchestrator.Clock.Advance(TimeSpan.FromSeconds(30));

        await orchestrator.DeadlineElapsesAsync(id);

        await orchestrator.AssertEndedAsync(id, InvocationEventName.Expired);
    }

    [Fact]
    public async Task The_deadline_of_the_submission_is_never_later_than_the_agents_own()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var request = await orchestrator.StartInvocationAsync(OrchestratorFixture.Submission() with { Deadline = DateTimeOffset.MaxValue });

        Assert.Equal(orchestrator.Clock.GetUtcNow() + TimeSpan.FromSeconds(600), request.Deadline);
    }

    [Theory]
    [InlineData("AwaitingModel")]
    [InlineData("AwaitingTools")]
    public async Task A_cancellation_ends_what_is_open(string state)
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var id = await InStateAsync(orchestrator, state);

        await orchestrator.SendAsync(new CancelInvocation { InvocationId = id, Reason = "The customer called off." });

        var cancelled = await orchestrator.AssertEndedAsync(id, InvocationEventName.Cancelled);
        Assert.Equal((FailureCode.Cancelled, "The customer called off."), (cancelled.Code, cancelled.Reason));
    }

    [Theory]
    [InlineData("Completed")]
    [InlineData("Failed")]
    [InlineData("Expired")]
    [InlineData("Cancelled")]
    public async Task Nothing_moves_an_ended_invocation(string state)
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var request = await orchestrator.StartInvocationAsync();
        var id = request.InvocationId;
        var call = new RunTool
        {
            InvocationId = id,
            Turn = 1,
            CallId = ToolCallId.Of(id, 1, 0),
            Tool = "look_up",
            Arguments = "{}",
            Tenant = "acme",
            Agent = "resolver",
            Deadline = request.Deadline,
        };
        var failure = new CompletionFailed { InvocationId = id, Turn = 1, Code = FailureCode.ModelUnavailable, Reason = "No." };
        switch (state)
        {
            case "Completed":
                await orchestrator.AnswerAsync(request);
                break;
            case "Failed":
                await orchestrator.SendAsync(failure);
                break;
            case "Cancelled":
                await orchestrator.SendAsync(new CancelInvocation { InvocationId = id });
                break;
            default:
                orchestrator.Clock.Advance(TimeSpan.FromSeconds(600));
                await orchestrator.DeadlineElapsesAsync(id);
                break;
        }

        await orchestrator.AssertChangesNothingAsync(id, async () =>
        {
            await orchestrator.AnswerAsync(request);
            await orchestrator.AskForToolsAsync(request, "look_up");
            await orchestrator.SendAsync(failure);
            await orchestrator.ToolAnswersAsync(call);
            await orchestrator.SendAsync(OrchestratorFixture.ToolFailure(call));
            await orchestrator.DeadlineElapsesAsync(id);
            await orchestrator.SendAsync(new ResumeInvocation { InvocationId = id });
            await orchestrator.SendAsync(new CancelInvocation { InvocationId = id });
        });
        await orchestrator.AssertEndedAsync(id, state.ToLowerInvariant());
    }

    [Fact]
    public async Task A_resumed_invocation_asks_the_model_for_the_same_turn_again()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var first = await orchestrator.StartInvocationAsync();

        await orchestrator.SendAsync(new ResumeInvocation { InvocationId = first.InvocationId });

        var again = await orchestrator.Model.NextAsync();
        Assert.Equal((first.Turn, first.InvocationId, first.Messages[0].Text), (again.Turn, again.InvocationId, again.Messages[0].Text));
        await orchestrator.AnswerAsync(first);
        await orchestrator.AssertChangesNothingAsync(first.InvocationId, () => orchestrator.AnswerAsync(again));
        await orchestrator.AssertEndedAsync(first.InvocationId, InvocationEventName.Completed);
    }

    [Fact]
    public async Task A_resumed_invocation_asks_for_the_calls_without_a_result_again()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var calls = await orchestrator.StartToolsAsync("look_up", "refund", "look_up");
        var answered = calls.Single(x => x.Tool == "refund");
        await orchestrator.ToolAnswersAsync(answered);

        await orchestrator.SendAsync(new ResumeInvocation { InvocationId = answered.InvocationId });

        var again = await orchestrator.ToolCalls.NextAsync(2);
        Assert.Equal(calls.Except([answered]).OrderBy(x => x.CallId, StringComparer.Ordinal), again.OrderBy(x => x.CallId, StringComparer.Ordinal));
        Assert.Equal(5, orchestrator.Traffic.Sent<RunTool>());
    }

    private static async Task<Guid> InStateAsync(OrchestratorFixture orchestrator, string state, SubmitInvocation? submission = null)
    {
        var request = await orchestrator.StartInvocationAsync(submission);
        if (state == "AwaitingTools")
        {
            await orchestrator.AskForToolsAsync(request, "look_up");
        }

        Assert.Equal(state, (await orchestrator.RowAsync(request.InvocationId)).CurrentState);
        return request.InvocationId;
    }
}
