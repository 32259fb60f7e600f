using Pipeline.Fixtures;

namespace Pipeline.Integration.Tests.CrashPoints;

/// <summary>
/// Visits every named crash point: a real process dies there, another takes its place, and nothing is lost and nothing happens twice.
/// </summary>
[Trait("Category", "Long")]
public sealed class CrashPointTests(RunningPipeline pipeline) : IClassFixture<RunningPipeline>
{
    private const int DisputesForEach = 2;
    private static readonly TimeSpan DeathLimit = TimeSpan.FromSeconds(45);

    /// <summary>Each point gets disputes of its own: a transaction is refunded once and for all.</summary>
    public static TheoryData<string> Points { get; } = [.. CrashPointNames.All];

    [Theory]
    [MemberData(nameof(Points))]
    public async Task A_process_that_dies_here_loses_nothing_and_repeats_nothing(string point)
    {
        await pipeline.StartAsync();
        var disputes = DisputeCase.WithRefunds().Skip(CrashPointNames.All.ToList().IndexOf(point) * DisputesForEach).Take(DisputesForEach).ToList();
        Assert.True(disputes.Count == DisputesForEach, $"The sample has no disputes left for '{point}'; lower the number for each point, or add cases.");
        try
        {
            var service = CrashPointNames.ServiceOf(point);
            if (point.StartsWith("saga.sweep_", StringComparison.Ordinal))
            {
                await DieWhileSweepingAsync(point, disputes);
            }
            else
            {
                var victim = await pipeline.ReplaceAsync(service, crashAt: point);
                foreach (var dispute in disputes)
                {
                    await pipeline.SubmitAsync(dispute);
                }

                await DiesAsync(victim);
            }

            await pipeline.ReplaceAsync(service);
            await Task.WhenAll(disputes.Select(HasEndedAsync));
            await NothingIsLeftAsync();
            await AssertEndedAsExpectedAsync(disputes);
            await AssertNoRefundTwiceAsync(disputes);
        }
        catch when (WriteLogs())
        {
            throw;
        }
    }

    [Fact]
    public void Every_project_with_crash_points_is_visited() =>
        Assert.Equal(["model", "saga", "tool"], CrashPointNames.All.Select(x => x.Split('.')[0]).Distinct().Order(StringComparer.Ordinal));

    /// <summary>
    /// The sweeper has work only where a process died after a commit and its delivery did not come again; so the delivery is taken away.
    /// </summary>
    private async Task DieWhileSweepingAsync(string point, List<DisputeCase> disputes)
    {
        var victim = await pipeline.ReplaceAsync("Orchestrator", crashAt: "saga.after_commit");
        await pipeline.SubmitAsync(disputes[0]);
        await DiesAsync(victim);
        await Eventually.HoldsAsync(async () => await pipeline.PurgeAsync("invocations.dispute-resolver") == 1, "the delivery of the dead process is back in its queue");

        await MakeDueAsync();
        victim = await pipeline.ReplaceAsync("Orchestrator", crashAt: point);
        await DiesAsync(victim);
        foreach (var dispute in disputes.Skip(1))
        {
            await pipeline.SubmitAsync(dispute);
        }

        await MakeDueAsync();
    }

    // Instead of waiting for the sweeper's grace.
    private async Task MakeDueAsync() =>
        Assert.Single(await pipeline.InvocationRowsAsync("""UPDATE saga_outgoing SET "NextAttemptAt" = now() - interval '1 second' WHERE "NextAttemptAt" IS NOT NULL RETURNING "Id" """));

    private static async Task DiesAsync(ServiceProcess victim) => Assert.Equal(137, await victim.ExitCodeAsync(DeathLimit));

    private async Task HasEndedAsync(DisputeCase dispute) =>
        await Eventually.HoldsAsync(
            () => Task.FromResult(pipeline.Events.Any(x => x.InvocationId == dispute.InvocationId && x.IsTerminal)),
            $"the terminal event of {dispute.Name} ({dispute.InvocationId}) arrives");

    private async Task NothingIsLeftAsync()
    {
        await Eventually.HoldsAsync(async () => (await pipeline.InvocationRowsAsync("""SELECT 1 FROM saga_outgoing WHERE "ExpiresAt" IS NULL""")).Count == 0, "saga_outgoing is empty");
        foreach (var queue in await pipeline.QueuesAsync())
        {
            if (queue.EndsWith("_error", StringComparison.Ordinal) || queue.EndsWith("_skipped", StringComparison.Ordinal))
            {
                Assert.True(await pipeline.ReadyInAsync(queue) == 0, $"{queue} holds messages.");
            }
            else
            {
                await Eventually.HoldsAsync(async () => await pipeline.ReadyInAsync(queue) == 0, $"{queue} is empty");
            }
        }
    }

    private async Task AssertEndedAsExpectedAsync(List<DisputeCase> disputes)
    {
        var modelCalls = await pipeline.ModelCallsAsync();
        foreach (var dispute in disputes)
        {
            var terminal = pipeline.Events.Where(x => x.InvocationId == dispute.InvocationId && x.IsTerminal).DistinctBy(x => x.MessageId).ToList();
            var ended = Assert.Single(terminal);
            Assert.Equal(dispute.Event, ended.Event);
            Assert.All(dispute.OutputContains, text => Assert.Contains(text, ended.Body.GetProperty("output").GetString(), StringComparison.Ordinal));

            var row = Assert.Single(await pipeline.InvocationRowsAsync(
                """SELECT "CurrentState", "Turn", "ToolCalls", "LastSeq", "Degraded", "EndedAt" IS NOT NULL FROM invocations WHERE "CorrelationId" = $1""", dispute.InvocationId));
            var timeline = await pipeline.InvocationRowsAsync("""SELECT "Seq", "Kind" FROM invocation_timeline WHERE "InvocationId" = $1 ORDER BY "Seq" """, dispute.InvocationId);
            Assert.Equal(["Completed", dispute.Turns, dispute.ToolCalls, timeline.Count, false, true], row);
            Assert.Equal(Enumerable.Range(1, timeline.Count), timeline.Select(x => (int)x[0]!));
            Assert.Equal(dispute.Event, timeline[^1][1]);
            Assert.Equal(dispute.Turns, timeline.Count(x => (string)x[1]! == "model_answered"));
            Assert.Equal(dispute.ToolCalls, timeline.Count(x => ((string)x[1]!).StartsWith("tool_", StringComparison.Ordinal)));

            // A call that a dead process made may be made again, once; one that was answered and counted is not.
            var turns = modelCalls.Where(x => x.Key.StartsWith(dispute.InvocationId.ToString(), StringComparison.Ordinal)).ToList();
            Assert.Equal(dispute.Turns, turns.Count);
            Assert.All(turns, x => Assert.InRange(x.Value, 1, 2));
        }
    }

    private async Task AssertNoRefundTwiceAsync(List<DisputeCase> disputes)
    {
        var refunds = await pipeline.RefundsAsync();
        Assert.Equal(refunds.Count, refunds.DistinctBy(x => x.Transaction).Count());
        foreach (var (transaction, amountCents) in disputes.SelectMany(x => x.Refunds))
        {
            Assert.Contains((transaction, amountCents), refunds);
        }

        // The bank's own books agree with its refunds, for everything refunded so far.
        var books = await pipeline.ToolRowsAsync("""SELECT count(*), count(DISTINCT "RefundId") FROM tool_ledger WHERE "RefundId" IS NOT NULL""");
        Assert.Equal([(long)refunds.Count, (long)refunds.Count], books[0]);
    }

    private bool WriteLogs()
    {
        TestContext.Current.TestOutputHelper?.WriteLine(pipeline.Logs());
        return false;
    }
}
