using System.Net;
using Pipeline.Fixtures;
using Pipeline.Orchestrator.Invocations;
using Pipeline.Orchestrator.Tests.Setup;

namespace Pipeline.Orchestrator.Tests.Http;

public sealed class ListTests
{
    [Theory]
    [InlineData("Sqlite")]
    [InlineData("Postgres")]
#if !LEAVE_OUT_SQLSERVER
    [InlineData("SqlServer")]
#endif
    public async Task Pages_show_each_invocation_once_whatever_is_accepted_meanwhile(string provider)
    {
        await using var database = await TestDatabase.CreateAsync(provider);
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { Database = database });
        using var client = orchestrator.Client();
        var start = orchestrator.Clock.GetUtcNow().UtcDateTime;
        // Three of each instant: the id decides among them.
        var old = await InsertAsync(orchestrator, 30, i => start.AddSeconds(i / 3));

        var seen = new List<Guid>();
        var cursor = "";
        do
        {
            var page = await (await client.GetAsync($"/invocations?limit=7{cursor}", TestContext.Current.CancellationToken)).JsonAsync();
            seen.AddRange(page.GetProperty("items").EnumerateArray().Select(x => x.GetProperty("invocationId").GetGuid()));
            await InsertAsync(orchestrator, 2, _ => start.AddDays(1));
            cursor = page.GetProperty("next").GetString() is { } next ? $"&cursor={next}" : "";
        }
        while (cursor.Length > 0);

        Assert.Equal(old.Count, seen.Count);
        Assert.Equal(old.Select(x => x.CorrelationId).Order(), seen.Order());
        var times = old.ToDictionary(x => x.CorrelationId, x => x.AcceptedAt);
        Assert.Equal(seen.Select(x => times[x]).OrderDescending(), seen.Select(x => times[x]));
    }

    [Theory]
    [InlineData("agent=other", 5)]
    [InlineData("state=completed", 10)]
    [InlineData("session=s%201", 10)]
    [InlineData("tenant=umbrella", 15)]
    [InlineData("tenant=umbrella&state=Completed&session=s%201", 0)]
    [InlineData("acceptedAfter=2026-11-20T12:00:24Z", 5)]
    [InlineData("acceptedBefore=2026-11-20T13:00:05%2B01:00", 5)]
    [InlineData("acceptedAfter=2026-11-20T12:00:04Z&acceptedBefore=2026-11-20T12:00:10Z", 5)]
    [InlineData("", 30)]
    public async Task Filters_narrow(string query, int count)
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        using var client = orchestrator.Client();
        var start = orchestrator.Clock.GetUtcNow().UtcDateTime;
        await InsertAsync(orchestrator, 30, i => start.AddSeconds(i), (x, i) =>
        {
            x.Agent = i % 6 == 0 ? "other" : "resolver";
            x.CurrentState = i % 3 == 0 ? "Completed" : "AwaitingModel";
            x.Session = i % 3 == 1 ? "s 1" : null;
            x.Tenant = i % 2 == 0 ? "acme" : "umbrella";
        });

        using var answer = await client.GetAsync($"/invocations?limit=200&{query}", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(count, (await answer.JsonAsync()).GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task Cancelling_ends_it_once_and_can_be_repeated()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        using var client = orchestrator.Client();
        var request = await orchestrator.StartInvocationAsync();

        using var first = await client.DeleteAsync($"/invocations/{request.InvocationId}", TestContext.Current.CancellationToken);
        await Eventually.HoldsAsync(async () => (await orchestrator.RowAsync(request.InvocationId)).EndedAt is not null, "it was cancelled");
        using var again = await client.DeleteAsync($"/invocations/{request.InvocationId}", TestContext.Current.CancellationToken);
        await orchestrator.AnswerAsync(request);

        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.OK), (first.StatusCode, again.StatusCode));
        Assert.Equal("cancel_requested", (await first.JsonAsync()).GetProperty("event").GetString());
        var view = await again.JsonAsync();
        Assert.Equal(("Cancelled", "cancelled"), (view.GetProperty("state").GetString(), view.GetProperty("code").GetString()));
        await orchestrator.AssertEndedAsync(request.InvocationId, "cancelled");
    }

    internal static async Task<List<InvocationState>> InsertAsync(OrchestratorFixture orchestrator, int count, Func<int, DateTime> acceptedAt, Action<InvocationState, int>? change = null)
    {
        var rows = Enumerable.Range(0, count).Select(i =>
        {
            var row = new InvocationState
            {
                CorrelationId = Guid.NewGuid(),
                CurrentState = "AwaitingModel",
                Tenant = "acme",
                Agent = "resolver",
                AgentVersion = 1,
                IdempotencyKey = Guid.NewGuid().ToString(),
                SubmissionHash = new byte[32],
                Priority = "interactive",
                AcceptedAt = acceptedAt(i),
                Deadline = acceptedAt(i).AddHours(1),
            };
            change?.Invoke(row, i);
            return row;
        }).ToList();
        await orchestrator.ReadAsync(async x =>
        {
            x.Invocations.AddRange(rows);
            return await x.SaveChangesAsync();
        });
        return rows;
    }
}
