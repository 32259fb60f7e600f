using Microsoft.EntityFrameworkCore;
using Pipeline.Orchestrator.Tests.Setup;

namespace Pipeline.Orchestrator.Tests.Invocations;

/// <summary>Invocations that an earlier version left open.</summary>
public sealed class UpgradeTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(9)]
    [InlineData(20)]
    public async Task Results_are_recognised_where_the_version_before_wrote_what_is_pending(int count)
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        var calls = await orchestrator.StartToolsAsync([.. Enumerable.Repeat("look_up", count)]);
        // As that version wrote it: the bits alone.
        var stored = new byte[(count + 7) / 8];
        for (var index = 0; index < count; index++)
        {
            stored[index / 8] |= (byte)(1 << (index % 8));
        }

        var id = calls[0].InvocationId;
        Assert.Equal(1, await orchestrator.ReadAsync(x => x.Invocations.Where(y => y.CorrelationId == id).ExecuteUpdateAsync(set => set.SetProperty(y => y.PendingCalls, stored), TestContext.Current.CancellationToken)));

        foreach (var call in calls)
        {
            await orchestrator.ToolAnswersAsync(call, $"result of {call.CallId}");
        }

        var next = await orchestrator.Model.NextAsync();
        Assert.Equal(2, next.Turn);
        Assert.All(calls, call => Assert.Contains(next.Messages, x => x.Text == $"result of {call.CallId}"));
        Assert.Null((await orchestrator.RowAsync(id)).PendingCalls);
    }
}
