using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Pipeline.Contracts;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.Invocations;
using Pipeline.Fixtures;
using Pipeline.Orchestrator.Admission;
using Pipeline.Orchestrator.Tests.Setup;

namespace Pipeline.Orchestrator.Tests.Admission;

/// <summary>One process, in-memory transport, a clock that stands still: two may be open, newcomers are taken while none is.</summary>
public sealed class AdmissionTests
{
    private static readonly OrchestratorSetup TwoOpen = new() { Agents = x => x.WithAgent(admission: new { maxOpen = 2 }) };

    [Fact]
    public async Task A_request_to_a_full_agent_is_deferred_and_finds_its_place_at_the_time_it_was_told()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(TwoOpen);
        var (first, second) = (OrchestratorFixture.Submission(), OrchestratorFixture.Submission());
        Assert.Equal(InvocationEventName.Accepted, (await AskAsync(orchestrator, first)).Event);

        var deferred = await AskAsync(orchestrator, second);
        var early = await AskAsync(orchestrator, second);

        Assert.Equal((InvocationEventName.Deferred, FailureCode.AdmissionDeferred, second.InvocationId!.Value), (deferred.Event, deferred.Code, deferred.InvocationId));
        Assert.True(deferred.RetryAfterSeconds >= 1);
        Assert.Equal((InvocationEventName.Deferred, deferred.RetryAfterSeconds), (early.Event, early.RetryAfterSeconds));
        Assert.Equal(1, await OpenAsync(orchestrator));

        orchestrator.Clock.Advance(TimeSpan.FromSeconds(deferred.RetryAfterSeconds!.Value));
        var newcomer = await AskAsync(orchestrator, OrchestratorFixture.Submission());
        var back = await AskAsync(orchestrator, second);

        Assert.Equal((InvocationEventName.Deferred, InvocationEventName.Accepted), (newcomer.Event, back.Event));
        Assert.Equal(2, await OpenAsync(orchestrator));
        Assert.Contains(orchestrator.Traffic.Events, x => x.Event == InvocationEventName.Deferred && x.InvocationId == second.InvocationId);
    }

    [Fact]
    public async Task A_caller_who_comes_at_the_time_finds_a_full_agent_is_told_to_come_soon()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(TwoOpen);
        var submissions = Enumerable.Range(0, 3).Select(_ => OrchestratorFixture.Submission()).ToList();
        await AskAsync(orchestrator, submissions[0]);
        var second = await AskAsync(orchestrator, submissions[1]);
        var third = await AskAsync(orchestrator, submissions[2]);
        orchestrator.Clock.Advance(TimeSpan.FromSeconds(Math.Max(second.RetryAfterSeconds!.Value, third.RetryAfterSeconds!.Value)));

        Assert.Equal(InvocationEventName.Accepted, (await AskAsync(orchestrator, submissions[1])).Event);
        var full = await AskAsync(orchestrator, submissions[2]);

        Assert.Equal(InvocationEventName.Deferred, full.Event);
        Assert.InRange(full.RetryAfterSeconds!.Value, 1, 3);
        Assert.Equal(2, await OpenAsync(orchestrator));
    }

    [Fact]
    public async Task A_caller_who_does_not_come_loses_the_place()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(TwoOpen);
        var second = OrchestratorFixture.Submission();
        await AskAsync(orchestrator, OrchestratorFixture.Submission());
        await AskAsync(orchestrator, second);
        orchestrator.Clock.Advance(TimeSpan.FromMinutes(20));

        Assert.Equal(InvocationEventName.Deferred, (await AskAsync(orchestrator, second)).Event);
        Assert.Equal(1, await orchestrator.ReadAsync(x => x.AdmissionPromises.CountAsync()));
    }

    [Fact]
    public async Task What_was_accepted_is_answered_accepted_whatever_the_load()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(TwoOpen);
        var first = OrchestratorFixture.Submission() with { IdempotencyKey = "order-7" };
        await AskAsync(orchestrator, first);

        var again = await AskAsync(orchestrator, first);
        var byKey = await AskAsync(orchestrator, first with { InvocationId = null });

        Assert.Equal((InvocationEventName.Accepted, InvocationEventName.Accepted), (again.Event, byKey.Event));
        Assert.Equal(first.InvocationId, byKey.InvocationId);
        Assert.Equal(1, await OpenAsync(orchestrator));
    }

    [Fact]
    public async Task What_nobody_waits_for_is_parked_and_runs_in_its_order()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup
        {
            Agents = x => x.WithAgent(admission: new { maxOpen = 1 }),
            Settings = new Dictionary<string, string?> { ["Admission:WaitingPrefetch"] = "1" },
        });
        var submissions = Enumerable.Range(0, 6).Select(x => OrchestratorFixture.Submission($"Number {x}")).ToList();
        foreach (var submission in submissions)
        {
            await orchestrator.SubmitAsync(submission);
        }

        var order = new List<Guid>();
        foreach (var _ in submissions)
        {
            var request = await orchestrator.Model.NextAsync();
            Assert.Equal(1, await OpenAsync(orchestrator));
            order.Add(request.InvocationId);
            await orchestrator.AnswerAsync(request);
        }

        Assert.Equal(submissions.Select(x => x.InvocationId!.Value), order);
        await Eventually.HoldsAsync(async () => await OpenAsync(orchestrator) == 0, "no invocation was open");
        Assert.DoesNotContain(orchestrator.Traffic.Events, x => x.Event == InvocationEventName.Deferred);
    }

    [Theory]
    [InlineData("failed")]
    [InlineData("cancelled")]
    [InlineData("expired")]
    public async Task Every_end_gives_its_slot_back(string end)
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(TwoOpen);
        var request = await orchestrator.StartInvocationAsync();
        Assert.Equal(1, await OpenAsync(orchestrator));

        switch (end)
        {
            case "failed":
                await orchestrator.SendAsync(new CompletionFailed { InvocationId = request.InvocationId, Turn = 1, Code = FailureCode.ModelUnavailable, Reason = "Away." });
                break;
            case "cancelled":
                await orchestrator.SendAsync(new CancelInvocation { InvocationId = request.InvocationId });
                break;
            default:
                orchestrator.Clock.Advance(TimeSpan.FromHours(1));
                await orchestrator.DeadlineElapsesAsync(request.InvocationId);
                break;
        }

        Assert.Equal(0, await OpenAsync(orchestrator));
        await orchestrator.SendAsync(new CancelInvocation { InvocationId = request.InvocationId });
        Assert.Equal(0, await OpenAsync(orchestrator));
    }

    [Fact]
    public async Task A_counter_that_is_wrong_is_set_right()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(TwoOpen);
        await orchestrator.StartInvocationAsync();
        await orchestrator.ReadAsync(x => x.AgentAdmissions.ExecuteUpdateAsync(y => y.SetProperty(z => z.Open, 17)));

        await orchestrator.Services.GetServices<IHostedService>().OfType<AdmissionReconciler>().Single().ReconcileAsync(TestContext.Current.CancellationToken);

        Assert.Equal(1, await OpenAsync(orchestrator));
    }

    [Fact]
    public async Task A_cap_that_was_lowered_takes_no_new_ones_until_enough_have_ended()
    {
        await using var database = await TestDatabase.CreateAsync("Sqlite");
        var requests = new List<RequestCompletion>();
        await using (var before = await OrchestratorFixture.StartAsync(new OrchestratorSetup { Database = database }))
        {
            for (var i = 0; i < 3; i++)
            {
                requests.Add(await before.StartInvocationAsync());
            }
        }

        await using var after = await OrchestratorFixture.StartAsync(TwoOpen with { Database = database });
        var deferred = new List<string>();
        foreach (var request in requests)
        {
            deferred.Add((await AskAsync(after, OrchestratorFixture.Submission())).Event);
            await after.AnswerAsync(request);
        }

        Assert.Equal(["deferred", "deferred", "deferred"], deferred);
        Assert.Equal(InvocationEventName.Accepted, (await AskAsync(after, OrchestratorFixture.Submission())).Event);
    }

    internal static async Task<InvocationEvent> AskAsync(OrchestratorFixture orchestrator, SubmitInvocation submission)
    {
        var client = orchestrator.Bus.CreateRequestClient<SubmitInvocation>(new Uri($"exchange:{QueueName.Invocations(submission.Agent)}"), RequestTimeout.After(m: 2));
        return (await client.GetResponse<InvocationEvent>(submission, TestContext.Current.CancellationToken)).Message;
    }

    internal static Task<int> OpenAsync(OrchestratorFixture orchestrator, string agent = "resolver") =>
        orchestrator.ReadAsync(x => x.AgentAdmissions.Where(y => y.Agent == agent).Select(y => y.Open).SingleAsync());
}
