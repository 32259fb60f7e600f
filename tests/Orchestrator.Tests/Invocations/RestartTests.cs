using MassTransit;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.Invocations;
using Pipeline.Contracts.ToolCalls;
using Pipeline.Fixtures;
using Pipeline.Orchestrator.Invocations;
using Pipeline.Orchestrator.Tests.Setup;

namespace Pipeline.Orchestrator.Tests.Invocations;

public sealed class RestartTests
{
    [Theory]
    [InlineData("Sqlite")]
    [InlineData("Postgres")]
    public async Task What_was_open_asks_again_after_the_in_memory_transport_has_died(string provider)
    {
        await using var database = await TestDatabase.CreateAsync(provider);
        var clock = new ManualTimeProvider();
        RequestCompletion request;
        RunTool call;
        await using (var before = await OrchestratorFixture.StartAsync(new OrchestratorSetup { Database = database, Clock = clock }))
        {
            call = Assert.Single(await before.StartToolsAsync("look_up"));
            await before.AnswerAsync(await before.StartInvocationAsync());
            request = await before.StartInvocationAsync();
        }

        clock.Advance(TimeSpan.FromSeconds(1));
        await using var after = await OrchestratorFixture.StartAsync(new OrchestratorSetup { Database = database, Clock = clock });

        Assert.Equal((request.InvocationId, 1), await Asked(after));
        Assert.Equal(call, await after.ToolCalls.NextAsync());
        Assert.Equal((1, 1), (after.Traffic.Sent<RequestCompletion>(), after.Traffic.Sent<RunTool>()));
    }

    [Fact]
    public async Task A_timer_that_came_too_early_comes_again()
    {
        var submission = OrchestratorFixture.Submission();
        var timerId = await TimerIdAsync(submission);

        // Another process, whose clock is behind, gets the wake-up that the first one's clock sent.
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { SweepInterval = TimeSpan.FromSeconds(1) });
        var request = await orchestrator.StartInvocationAsync(submission);
        await orchestrator.SendAsync(new InvocationTimerElapsed(request.InvocationId, request.Deadline.UtcDateTime), timerId);
        Assert.Equal("AwaitingModel", (await orchestrator.RowAsync(request.InvocationId)).CurrentState);

        orchestrator.Clock.Advance(TimeSpan.FromSeconds(601));
        await ExpiresAsync(orchestrator, request.InvocationId);
    }

    /// <summary>The message id of the wake-up that a sweeper sends for this submission.</summary>
    private static async Task<Guid> TimerIdAsync(SubmitInvocation submission)
    {
        var id = Guid.Empty;
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { SweepInterval = TimeSpan.FromSeconds(1) });
        orchestrator.Bus.ConnectConsumeMessageObserver(new MessageIds<InvocationTimerElapsed>(x => id = x));
        await orchestrator.StartInvocationAsync(submission);
        orchestrator.Clock.Advance(TimeSpan.FromSeconds(601));
        await ExpiresAsync(orchestrator, submission.InvocationId!.Value);
        return id;
    }

    private static async Task<(Guid, int)> Asked(OrchestratorFixture orchestrator)
    {
        var request = await orchestrator.Model.NextAsync();
        return (request.InvocationId, request.Turn);
    }

    private static Task ExpiresAsync(OrchestratorFixture orchestrator, Guid id) => Eventually.HoldsAsync(
        async () =>
        {
            orchestrator.Clock.Advance(TimeSpan.FromMilliseconds(200));
            return (await orchestrator.RowAsync(id)).CurrentState == "Expired";
        },
        "the sweeper has expired the invocation");

    private sealed class MessageIds<T>(Action<Guid> seen) : IConsumeMessageObserver<T>
        where T : class
    {
        public Task PreConsume(ConsumeContext<T> context)
        {
            seen(context.MessageId!.Value);
            return Task.CompletedTask;
        }

        public Task PostConsume(ConsumeContext<T> context) => Task.CompletedTask;

        public Task ConsumeFault(ConsumeContext<T> context, Exception exception) => Task.CompletedTask;
    }
}
