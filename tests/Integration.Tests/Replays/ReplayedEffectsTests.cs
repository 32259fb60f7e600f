using System.Text.Json;
using Pipeline.Fixtures;
using Pipeline.Integration.Tests.CrashPoints;

namespace Pipeline.Integration.Tests.Replays;

/// <summary>Every message of a case that has ended comes again, to every service.</summary>
public sealed class ReplayedEffectsTests(RunningPipeline pipeline) : IClassFixture<RunningPipeline>
{
    private static readonly string[] Queues =
        ["invocations.dispute-resolver", "invocation-events", "llm.default", "tool.get_account_status", "tool.list_transactions", "tool.issue_refund"];

    [Fact]
    public async Task Every_message_of_an_ended_refund_again_changes_nothing()
    {
        await pipeline.StartAsync();
        await using var tap = await MessageTap.StartAsync(pipeline.Broker, Queues);
        var dispute = DisputeCase.WithRefunds().First();
        await pipeline.SubmitAsync(dispute);
        await Eventually.HoldsAsync(() => Task.FromResult(pipeline.Events.Any(x => x.InvocationId == dispute.InvocationId && x.IsTerminal)), "the dispute has ended");
        // A submission, an answer for each turn and each call, and what they were asked for.
        await Eventually.HoldsAsync(() => Task.FromResult(tap.Heard >= 1 + (2 * dispute.Turns) + (2 * dispute.ToolCalls)), "all its messages were heard");
        Assert.Equal(Queues.Order(StringComparer.Ordinal), tap.HeardQueues.Order(StringComparer.Ordinal));
        await AllIsConsumedAsync();
        var before = await BooksAsync(dispute);
        Assert.Equal(dispute.Refunds.Count, before.Refunds);

        await tap.ReplayAsync(asNew: false);
        await tap.ReplayAsync(asNew: true);
        await AllIsConsumedAsync();
        // Who is told to stop finishes what it has, and gives back what it has not begun.
        foreach (var service in new[] { "LlmGateway", "ToolWorkers", "Orchestrator" })
        {
            await pipeline[service].StopAsync(TimeSpan.FromSeconds(60));
            if (service != "Orchestrator")
            {
                await Eventually.HoldsAsync(async () => await pipeline.ReadyInAsync("invocation-events") == 0, "the answers are consumed");
            }
        }

        foreach (var queue in await pipeline.QueuesAsync(isDurable: true))
        {
            Assert.True(await pipeline.ReadyInAsync(queue) == 0, $"{queue} holds messages.");
        }

        Assert.Equal(before, await BooksAsync(dispute));
        Assert.Single(pipeline.Events.Where(x => x.InvocationId == dispute.InvocationId && x.IsTerminal).DistinctBy(x => x.MessageId));
    }

    private async Task AllIsConsumedAsync()
    {
        foreach (var queue in Queues)
        {
            await Eventually.HoldsAsync(async () => await pipeline.ReadyInAsync(queue) == 0, $"{queue} is empty");
        }
    }

    /// <summary>What the bank and the orchestrator have written.</summary>
    private async Task<(int Refunds, string Bank, string Invocation)> BooksAsync(DisputeCase dispute)
    {
        var refunds = await pipeline.ToolRowsAsync("SELECT r::text FROM tool_refunds r ORDER BY 1");
        var bank = new[]
        {
            refunds,
            await pipeline.ToolRowsAsync("SELECT l::text FROM tool_ledger l ORDER BY 1"),
            await pipeline.ToolRowsAsync("SELECT a::text FROM tool_accounts a ORDER BY 1"),
            await pipeline.ToolRowsAsync("SELECT t::text FROM tool_transactions t ORDER BY 1"),
        };
        var row = await pipeline.InvocationRowsAsync(
            """SELECT "CurrentState", "Turn", "ToolCalls", "LastSeq", "InputTokens", "OutputTokens", "EndedAt"::text FROM invocations WHERE "CorrelationId" = $1""", dispute.InvocationId);
        var timeline = await pipeline.InvocationRowsAsync("""SELECT t::text FROM invocation_timeline t WHERE "InvocationId" = $1 ORDER BY "Seq" """, dispute.InvocationId);
        var invocations = await pipeline.InvocationRowsAsync("SELECT count(*) FROM invocations");
        return (refunds.Count, JsonSerializer.Serialize(bank), JsonSerializer.Serialize(new[] { row, timeline, invocations }));
    }
}
