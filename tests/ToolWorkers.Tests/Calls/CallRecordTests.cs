using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Contracts;
using Pipeline.ToolWorkers.Calls;
using Pipeline.ToolWorkers.Tests.Fixtures;

namespace Pipeline.ToolWorkers.Tests.Calls;

public sealed class CallRecordTests
{
    [Theory]
    [InlineData("Idempotent")]
    [InlineData("OnceOnly")]
    public async Task A_recorded_answer_is_sent_again_and_the_tool_is_not_run_again(string effects)
    {
        await using var app = await StartAsync(effects);
        var runs = 0;
        app.Script.Run = (_, _) => Task.FromResult(new ToolOutput($"run {++runs}"));
        var call = app.NewCall();

        var first = await app.CallAsync(call);
        var again = await app.CallAsync(call with { Deadline = app.Time.GetUtcNow() });

        Assert.Equal(("run 1", "run 1"), (first.Success.Result, again.Success.Result));
        Assert.Equal(first.MessageId, again.MessageId);
    }

    [Fact]
    public async Task A_recorded_failure_and_a_fallback_are_sent_again_too()
    {
        await using var app = await StartAsync("Idempotent");
        app.Script.Run = (_, _) => throw new InvalidOperationException("broken");
        for (var call = 0; call < 5; call++)
        {
            await app.CallAsync(callId: $"failed-{call}");
        }

        Assert.True((await app.CallAsync(callId: "fallback")).Success.IsFallback);
        app.Time.Advance(TimeSpan.FromMinutes(1));
        app.Script.Run = (_, _) => Task.FromResult(new ToolOutput("works again"));

        Assert.Equal(FailureCode.ToolFailed, (await app.CallAsync(callId: "failed-0")).Failure.Code);
        Assert.True((await app.CallAsync(callId: "fallback")).Success.IsFallback);
    }

    [Fact]
    public async Task A_read_only_call_is_not_recorded()
    {
        await using var app = await StartAsync("ReadOnly");

        await app.CallAsync();

        Assert.Equal(0, await app.QueryAsync(x => x.Calls.CountAsync(TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task The_same_call_delivered_three_times_at_once_has_one_effect_and_one_answer()
    {
        await using var app = await StartAsync("OnceOnly");
        var began = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        app.Script.Run = async (_, _) =>
        {
            began.SetResult();
            await release.Task;
            return new ToolOutput("done");
        };
        var call = app.NewCall();

        await Task.WhenAll(app.SendAsync(call), app.SendAsync(call), app.SendAsync(call));
        await began.Task;
        release.SetResult();

        ReceivedAnswer[] answers = [await app.NextAnswerAsync(), await app.NextAnswerAsync(), await app.NextAnswerAsync()];
        Assert.All(answers, x => Assert.Equal("done", x.Success.Result));
        Assert.Single(answers.Select(x => x.MessageId).Distinct());
        Assert.Equal(1, app.Script.Calls);
    }

    [Fact]
    public async Task An_answer_that_could_not_be_sent_is_sent_by_the_next_attempt_without_a_second_effect()
    {
        await using var app = await StartAsync("OnceOnly");
        app.Sends.FailNext(2);

        var answer = await app.CallAsync();

        Assert.Equal("""{"ok":true}""", answer.Success.Result);
        Assert.Equal((2, 1), (app.Sends.Failed, app.Script.Calls));
    }

    [Fact]
    public async Task A_once_only_call_that_was_interrupted_is_reported_and_not_repeated()
    {
        await using var app = await StartAsync("OnceOnly");
        await InsertStartedAsync(app, "call-1", "a process that is gone", app.Time.GetUtcNow());

        var answer = await app.CallAsync(callId: "call-1");
        var again = await app.CallAsync(callId: "call-1");

        Assert.Equal((FailureCode.ToolOutcomeUnknown, FailureCode.ToolOutcomeUnknown), (answer.Failure.Code, again.Failure.Code));
        Assert.Equal(0, app.Script.Calls);
    }

    [Fact]
    public async Task A_once_only_call_that_another_process_may_still_finish_is_waited_for()
    {
        await using var app = await StartAsync("OnceOnly");
        await InsertStartedAsync(app, "call-1", "another process", app.Time.GetUtcNow() + TimeSpan.FromSeconds(15));
        var timers = app.Time.Waiting;
        await app.SendAsync(app.NewCall(callId: "call-1"));
        await UntilAsync(() => app.Time.Waiting > timers);

        await app.QueryAsync(async database =>
        {
            var record = await database.Calls.SingleAsync(TestContext.Current.CancellationToken);
            record.Finish(ToolAnswer.Succeeded(new ToolOutput("finished elsewhere"), TimeSpan.Zero), app.Time.GetUtcNow());
            return await database.SaveChangesAsync(TestContext.Current.CancellationToken);
        });
        app.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("finished elsewhere", (await app.NextAnswerAsync()).Success.Result);
        Assert.Equal(0, app.Script.Calls);
    }

    [Fact]
    public async Task An_interrupted_call_of_a_tool_that_records_its_outcome_is_run_again()
    {
        await using var app = await StartAsync("OnceOnly", x => x.Script.RecordsOutcome = true);
        await InsertStartedAsync(app, "call-1", "another process", app.Time.GetUtcNow() + TimeSpan.FromSeconds(15));

        Assert.Equal("""{"ok":true}""", (await app.CallAsync(callId: "call-1")).Success.Result);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_once_only_tool_that_broke_off_is_reported_as_unknown(bool slow)
    {
        await using var app = await StartAsync("OnceOnly");
        var began = new TaskCompletionSource();
        app.Script.Run = async (_, token) =>
        {
            began.SetResult();
            await (slow ? Task.Delay(Timeout.InfiniteTimeSpan, token) : Task.FromException(new InvalidOperationException("connection reset")));
            return new ToolOutput("");
        };
        await app.SendAsync(app.NewCall());
        await began.Task;
        if (slow)
        {
            app.Time.Advance(TimeSpan.FromSeconds(5));
        }

        var answer = await app.NextAnswerAsync();

        Assert.Equal(FailureCode.ToolOutcomeUnknown, answer.Failure.Code);
        Assert.Contains(slow ? "did not answer within 5 s" : "connection reset", answer.Failure.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_id_that_another_tool_used_is_refused()
    {
        await using var app = await StartAsync("Idempotent");
        await InsertStartedAsync(app, "call-1", "x", app.Time.GetUtcNow(), tool: "another");

        Assert.Contains("was used before for the tool 'another'", (await app.CallAsync(callId: "call-1")).Failure.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Old_records_are_deleted_and_newer_ones_kept()
    {
        await using var app = await StartAsync("Idempotent");
        for (var call = 0; call < 3; call++)
        {
            await app.CallAsync(callId: $"old-{call}");
        }

        app.Time.Advance(TimeSpan.FromDays(7));
        await app.CallAsync(callId: "new");
        app.Time.Advance(TimeSpan.FromSeconds(1));

        await app.Services.GetRequiredService<CallRecordCleanup>().DeleteOldAsync(TestContext.Current.CancellationToken);

        Assert.Equal(["new"], await app.QueryAsync(x => x.Calls.Select(c => c.CallId).ToListAsync(TestContext.Current.CancellationToken)));
    }

    private static Task<ToolWorkersApp> StartAsync(string effects, Action<ToolWorkersApp>? arrange = null) =>
        ToolWorkersApp.StartAsync(app =>
        {
            app.AddManifest(manifest => manifest["effects"] = effects);
            arrange?.Invoke(app);
        });

    private static Task<int> InsertStartedAsync(ToolWorkersApp app, string callId, string by, DateTimeOffset leaseUntil, string tool = ScriptedTool.ToolName) =>
        app.QueryAsync(database =>
        {
            database.Calls.Add(new CallRecord { CallId = callId, Tool = tool, StartedAt = app.Time.GetUtcNow(), StartedBy = by, LeaseUntil = leaseUntil });
            return database.SaveChangesAsync(TestContext.Current.CancellationToken);
        });

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var guard = new CancellationTokenSource(ToolWorkersApp.Guard);
        while (!condition())
        {
            guard.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
