using System.Text;
using System.Text.Json.Nodes;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Contracts;
using Pipeline.ToolWorkers.Circuits;
using Pipeline.ToolWorkers.Tests.Fixtures;

namespace Pipeline.ToolWorkers.Tests.Calls;

public sealed class ToolCallTests
{
    [Fact]
    public async Task The_result_goes_to_the_response_address_with_everything_that_identifies_the_call()
    {
        await using var app = await ToolWorkersApp.StartAsync();
        var call = app.NewCall("""{"text":"a","count":2}""");
        var requestId = NewId.NextGuid();

        await app.SendAsync(call, requestId: requestId);
        var answer = await app.NextAnswerAsync();

        Assert.Equal(ToolWorkersApp.AnswerQueue, answer.Queue);
        Assert.Equal(requestId, answer.RequestId);
        Assert.Equal("""{"ok":true}""", answer.Success.Result);
        Assert.Equal((call.InvocationId, call.Turn, call.CallId, call.Tool), (answer.Success.InvocationId, answer.Success.Turn, answer.Success.CallId, answer.Success.Tool));
        Assert.False(answer.Success.IsFallback);
    }

    [Fact]
    public async Task A_call_that_is_answered_without_its_tool_counts_as_consumed_and_is_not_skipped()
    {
        await using var app = await ToolWorkersApp.StartAsync();
        var skipped = new SkippedDeliveries();
        app.Services.GetRequiredService<IBus>().ConnectReceiveObserver(skipped);

        var answer = await app.CallAsync(app.NewCall("{ broken"));
        await app.CallAsync(app.NewCall());

        Assert.Equal(FailureCode.ArgumentsInvalid, answer.Failure.Code);
        Assert.Equal(0, skipped.Count);
    }

    [Fact]
    public async Task Without_a_response_address_the_answer_goes_to_the_progress_queue()
    {
        await using var app = await ToolWorkersApp.StartAsync();

        await app.SendAsync(app.NewCall(), withResponseAddress: false);

        Assert.Equal(QueueName.InvocationEvents, (await app.NextAnswerAsync()).Queue);
    }

    [Fact]
    public async Task A_repeated_answer_has_the_same_message_id_and_another_call_has_another()
    {
        await using var app = await ToolWorkersApp.StartAsync();

        var first = await app.CallAsync(callId: "call-1");
        var again = await app.CallAsync(callId: "call-1");
        var other = await app.CallAsync(callId: "call-2");

        Assert.Equal(first.MessageId, again.MessageId);
        Assert.NotEqual(first.MessageId, other.MessageId);
    }

    [Fact]
    public async Task A_call_after_its_deadline_is_not_run()
    {
        await using var app = await ToolWorkersApp.StartAsync();

        var answer = await app.CallAsync(app.NewCall() with { Deadline = app.Time.GetUtcNow() });

        Assert.Equal(FailureCode.DeadlineExceeded, answer.Failure.Code);
        Assert.Equal(0, app.Script.Calls);
    }

    [Fact]
    public async Task A_deadline_that_passes_while_the_tool_runs_cancels_it_and_does_not_count_as_its_failure()
    {
        await using var app = await ToolWorkersApp.StartAsync();
        for (var call = 0; call < 6; call++)
        {
            var began = new TaskCompletionSource();
            app.Script.Run = (_, token) => ForeverAsync(began, token);
            await app.SendAsync(app.NewCall() with { Deadline = app.Time.GetUtcNow() + TimeSpan.FromSeconds(1) });
            await began.Task;
            app.Time.Advance(TimeSpan.FromSeconds(1));

            Assert.Equal(FailureCode.DeadlineExceeded, (await app.NextAnswerAsync()).Failure.Code);
        }

        Assert.Equal("closed", app.Services.GetRequiredService<ToolCircuits>()[ScriptedTool.ToolName].State);
    }

    [Theory]
    [InlineData("", "not valid JSON")]
    [InlineData("{'text':'a'}", "not valid JSON")]
    [InlineData("""{"text":"a","text":"b"}""", "not valid JSON")]
    [InlineData("[]", "#: ObjectExpected")]
    [InlineData("""{"text":1}""", "#/text: StringExpected")]
    [InlineData("""{"count":0}""", "#/count: must be at least 1")]
    [InlineData("""{"count":1.5}""", "#/count: IntegerExpected")]
    [InlineData("""{"count":-1e400}""", "#")]
    [InlineData("""{"count":-99999999999999999999999999999999999999999999}""", "#")]
    [InlineData("""{"other":1}""", "#/other: is not a parameter; there are 'text', 'count'")]
    public async Task Arguments_that_do_not_fit_are_answered_with_every_violation(string arguments, string expected)
    {
        await using var app = await ToolWorkersApp.StartAsync();

        var answer = await app.CallAsync(arguments);

        Assert.Equal(FailureCode.ArgumentsInvalid, answer.Failure.Code);
        Assert.Contains(expected, answer.Failure.Reason, StringComparison.Ordinal);
        Assert.Equal(0, app.Script.Calls);
    }

    [Fact]
    public async Task All_violations_are_listed_in_a_reason_of_bounded_length()
    {
        await using var app = await ToolWorkersApp.StartAsync();

        var two = await app.CallAsync("""{"text":1,"count":0}""");
        var many = await app.CallAsync("{" + string.Join(",", Enumerable.Range(0, 500).Select(x => $"\"unknown-parameter-{x}\":1")) + "}");

        Assert.Contains("#/text", two.Failure.Reason, StringComparison.Ordinal);
        Assert.Contains("#/count", two.Failure.Reason, StringComparison.Ordinal);
        Assert.InRange(many.Failure.Reason.Length, 1, 2000);
    }

    [Fact]
    public async Task Arguments_over_the_limit_are_refused_with_both_numbers()
    {
        await using var app = await ToolWorkersApp.StartAsync();
        const int limit = 64 * 1024;
        var fits = Arguments(limit);
        var tooLarge = Arguments(limit + 1);

        Assert.NotNull((await app.CallAsync(fits)).Success);
        var answer = await app.CallAsync(tooLarge);

        Assert.Equal(FailureCode.ArgumentsInvalid, answer.Failure.Code);
        Assert.Contains("65537", answer.Failure.Reason, StringComparison.Ordinal);
        Assert.Contains("65536", answer.Failure.Reason, StringComparison.Ordinal);

        static string Arguments(int bytes) => $$"""{"text":"{{new string('a', bytes - 11)}}"}""";
    }

    [Fact]
    public async Task A_call_in_another_tools_queue_is_refused()
    {
        await using var app = await ToolWorkersApp.StartAsync();

        await app.SendAsync(app.NewCall(tool: "other"), queue: ScriptedTool.ToolName);

        Assert.Equal(FailureCode.ToolUnknown, (await app.NextAnswerAsync()).Failure.Code);
    }

    [Fact]
    public async Task A_tool_that_throws_is_reported_with_type_and_message_but_without_secrets()
    {
        await using var app = await ToolWorkersApp.StartAsync();
        app.Script.Run = (_, _) => throw new InvalidOperationException(
            "Login failed for Host=db;Password=canary1;x, Authorization: Bearer canary2, https://me:canary3@host/, key sk-canary4canary4, \"api_key\": \"canary5\"" + new string('x', 5000));

        var answer = await app.CallAsync();

        Assert.Equal(FailureCode.ToolFailed, answer.Failure.Code);
        Assert.Contains("InvalidOperationException: Login failed for Host=db;", answer.Failure.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", answer.Failure.Reason, StringComparison.Ordinal);
        Assert.InRange(answer.Failure.Reason.Length, 1, 2000);
    }

    [Fact]
    public async Task A_tool_that_throws_causes_one_answer_and_no_fault_message()
    {
        await using var app = await ToolWorkersApp.StartAsync();
        app.Script.Run = (_, _) => throw new InvalidOperationException("broken");
        var faults = 0;
        using var observer = app.Services.GetRequiredService<IBus>().ConnectConsumeObserver(new CountingFaults(() => Interlocked.Increment(ref faults)));

        await app.CallAsync();
        await app.CallAsync(callId: "another");

        Assert.True(app.HasNoFurtherAnswer);
        Assert.Equal(0, faults);
    }

    [Fact]
    public async Task The_time_limit_cancels_the_tools_token()
    {
        await using var app = await ToolWorkersApp.StartAsync();
        var began = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource();
        app.Script.Run = async (_, token) =>
        {
            await using var registration = token.Register(cancelled.SetResult);
            return await ForeverAsync(began, token);
        };
        await app.SendAsync(app.NewCall());
        await began.Task;

        app.Time.Advance(TimeSpan.FromSeconds(5));

        var answer = await app.NextAnswerAsync();
        await cancelled.Task.WaitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(FailureCode.ToolTimeout, answer.Failure.Code);
        Assert.Equal(5000, answer.Failure.DurationMs);
    }

    [Fact]
    public async Task A_tool_that_ignores_its_token_does_not_hold_the_answer_and_is_counted_until_it_ends()
    {
        await using var app = await ToolWorkersApp.StartAsync(x => x.Settings["Tools:MaxAbandonedCalls"] = "1");
        var began = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        app.Script.Run = async (_, _) =>
        {
            began.SetResult();
            await release.Task;
            return new ToolOutput("too late");
        };
        var circuit = app.Services.GetRequiredService<ToolCircuits>()[ScriptedTool.ToolName];
        await app.SendAsync(app.NewCall());
        await began.Task;
        app.Time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal(FailureCode.ToolTimeout, (await app.NextAnswerAsync()).Failure.Code);
        Assert.Equal(1, circuit.Abandoned.Count);
        Assert.Equal(FailureCode.ToolUnavailable, (await app.CallAsync()).Success.FallbackCode);
        Assert.Equal(1, app.Script.Calls);

        release.SetResult();
        Assert.True(SpinWait.SpinUntil(() => circuit.Abandoned.Count == 0, TimeSpan.FromSeconds(30)));
        app.Script.Run = (_, _) => Task.FromResult(new ToolOutput("again"));
        Assert.Equal("again", (await app.CallAsync()).Success.Result);
    }

    [Fact]
    public async Task A_failed_call_answers_by_the_fallback_where_the_manifest_says_so()
    {
        await using var app = await ToolWorkersApp.StartAsync(x => x.AddManifest(manifest => manifest["onFailure"] = "fallback"));
        app.Script.Run = (_, _) => throw new InvalidOperationException("broken");

        var answer = await app.CallAsync();

        Assert.True(answer.Success.IsFallback);
        Assert.Equal(FailureCode.ToolFailed, answer.Success.FallbackCode);
        Assert.Equal("""{"unknown":true}""", answer.Success.Result);
    }

    [Fact]
    public async Task A_result_over_the_limit_is_refused_by_name()
    {
        await using var app = await ToolWorkersApp.StartAsync();
        app.Script.Run = (_, _) => Task.FromResult(new ToolOutput(new string('a', 256 * 1024 + 1)));

        var answer = await app.CallAsync();

        Assert.Equal(FailureCode.ToolResultTooLarge, answer.Failure.Code);
        Assert.Contains("262145", answer.Failure.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_result_over_the_limit_is_cut_visibly_where_the_manifest_allows_it()
    {
        await using var app = await ToolWorkersApp.StartAsync(x => x.AddManifest(manifest => manifest["truncateResult"] = true));
        app.Script.Run = (_, _) => Task.FromResult(new ToolOutput("a" + string.Concat(Enumerable.Repeat("😀", 100_000))));

        var answer = await app.CallAsync();

        Assert.True(answer.Success.Truncated);
        Assert.InRange(Encoding.UTF8.GetByteCount(answer.Success.Result), 256 * 1024 - 8, 256 * 1024);
        Assert.Contains("[truncated: the result has 400001 bytes", answer.Success.Result, StringComparison.Ordinal);
        Assert.DoesNotContain('\uFFFD', answer.Success.Result);
    }

    [Fact]
    public async Task A_result_at_the_limit_is_whole()
    {
        await using var app = await ToolWorkersApp.StartAsync();
        app.Script.Run = (_, _) => Task.FromResult(new ToolOutput(new string('a', 256 * 1024)));

        Assert.False((await app.CallAsync()).Success.Truncated);
    }

    [Fact]
    public async Task Serve_limits_the_process_to_the_named_tools()
    {
        await using var app = await ToolWorkersApp.StartAsync(x => x.Settings["Tools:Serve:0"] = ScriptedTool.ToolName);

        using var tools = await app.GetAsync("/tools");

        var tool = Assert.Single(tools.RootElement.EnumerateArray());
        Assert.Equal(("scripted", "ReadOnly", "closed"), (tool.GetProperty("name").GetString(), tool.GetProperty("effects").GetString(), tool.GetProperty("breaker").GetString()));
    }

    [Fact]
    public async Task The_tool_sees_the_call_and_its_arguments()
    {
        await using var app = await ToolWorkersApp.StartAsync();
        ToolCall? seen = null;
        app.Script.Run = (call, _) =>
        {
            seen = call;
            return Task.FromResult(ToolOutput.Refused("nothing_found", "Nothing has the id 'x'."));
        };
        var call = app.NewCall("""{"text":"a"}""");

        var answer = await app.CallAsync(call);

        Assert.Equal((call.CallId, call.InvocationId, "acme", "dispute-resolver"), (seen?.CallId, seen?.InvocationId, seen?.Tenant, seen?.Agent));
        Assert.Equal("a", seen?.Arguments.GetProperty("text").GetString());
        Assert.Equal("nothing_found", JsonNode.Parse(answer.Success.Result)?["error"]?.GetValue<string>());
    }

    private static async Task<ToolOutput> ForeverAsync(TaskCompletionSource began, CancellationToken token)
    {
        began.SetResult();
        await Task.Delay(Timeout.InfiniteTimeSpan, token);
        return new ToolOutput("");
    }

    private sealed class CountingFaults(Action count) : IConsumeObserver
    {
        public Task PreConsume<T>(ConsumeContext<T> context)
            where T : class => Task.CompletedTask;

        public Task PostConsume<T>(ConsumeContext<T> context)
            where T : class => Task.CompletedTask;

        public Task ConsumeFault<T>(ConsumeContext<T> context, Exception exception)
            where T : class
        {
            count();
            return Task.CompletedTask;
        }
    }
}
