using System.Net;
using Microsoft.EntityFrameworkCore;
using Pipeline.Fixtures;
using Pipeline.Orchestrator.Access;
using Pipeline.Orchestrator.Http;
using Pipeline.Orchestrator.Tests.Setup;

namespace Pipeline.Orchestrator.Tests.Http;

public sealed class StreamTests
{
    private const int Entries = 7;

    [Fact]
    public async Task A_stream_tells_everything_once_and_ends_with_the_terminal_event()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        using var client = orchestrator.Client();
        var request = await orchestrator.StartInvocationAsync();
        using var stream = await EventStream.OpenAsync(client, request.InvocationId);
        var told = stream.EventsAsync(TestContext.Current.CancellationToken).ToListAsync(TestContext.Current.CancellationToken);

        await FinishAsync(orchestrator, request);

        var events = await told;
        Assert.Equal(Enumerable.Range(1, Entries), events.Select(x => x.Id));
        Assert.Equal(["accepted", "model_answered", "tool_succeeded", "tool_succeeded", "tool_succeeded", "model_answered", "completed"], events.Select(x => x.Event));
        Assert.Equal((await orchestrator.TimelineAsync(request.InvocationId)).Select(x => x.Kind), events.Select(x => x.Event));
    }

    [Fact]
    public async Task A_stream_is_resumed_exactly_wherever_it_was_cut()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync();
        using var client = orchestrator.Client();
        var request = await orchestrator.StartInvocationAsync();
        var streams = new List<(int Cut, EventStream Stream)> { (0, await EventStream.OpenAsync(client, request.InvocationId)), (1, await EventStream.OpenAsync(client, request.InvocationId, 1)) };

        // Some are resumed while it still goes on, and all once it has ended.
        await FinishAsync(orchestrator, request);
        for (var cut = 0; cut < Entries; cut++)
        {
            streams.Add((cut, await EventStream.OpenAsync(client, request.InvocationId, cut)));
        }

        foreach (var (cut, stream) in streams)
        {
            Assert.Equal(Enumerable.Range(cut + 1, Entries - cut), await stream.IdsAsync());
            stream.Dispose();
        }

        using var over = await client.GetAsync($"/invocations/{request.InvocationId}/events?after={Entries}", TestContext.Current.CancellationToken);
        using var beyond = await client.GetAsync($"/invocations/{request.InvocationId}/events?after={Entries + 1}", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, over.StatusCode);
        await beyond.AssertProblemAsync(HttpStatusCode.BadRequest, HttpCode.QueryInvalid);
    }

    [Fact]
    public async Task A_stream_of_one_replica_tells_what_another_does()
    {
        await using var database = await TestDatabase.CreateAsync("Sqlite");
        await using var working = await OrchestratorFixture.StartAsync(new OrchestratorSetup { Database = database });
        await using var streaming = await OrchestratorFixture.StartAsync(new OrchestratorSetup
        {
            Database = database,
            Clock = TimeProvider.System,
            Settings = new Dictionary<string, string?> { ["Http:StreamPoll"] = "00:00:00.100" },
        });
        using var client = streaming.Client();
        var request = await working.StartInvocationAsync();
        using var stream = await EventStream.OpenAsync(client, request.InvocationId);
        var told = stream.IdsAsync();

        await FinishAsync(working, request);

        Assert.Equal(Enumerable.Range(1, Entries), await told);
    }

    [Fact]
    public async Task Streams_are_counted_for_each_tenant_and_the_process()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup
        {
            RequireApiKeys = true,
            Settings = new Dictionary<string, string?> { ["Http:MaxStreams"] = "3", ["Http:MaxStreamsPerTenant"] = "2" },
        });
        using var acme = orchestrator.Client(await orchestrator.CreateKeyAsync("acme"));
        using var all = orchestrator.Client(await orchestrator.CreateKeyAsync(null));
        var request = await orchestrator.StartInvocationAsync();
        using var first = await EventStream.OpenAsync(acme, request.InvocationId);
        using var second = await EventStream.OpenAsync(acme, request.InvocationId);

        using var third = await acme.GetAsync($"/invocations/{request.InvocationId}/events", TestContext.Current.CancellationToken);
        using var other = await EventStream.OpenAsync(all, request.InvocationId);
        using var fourth = await all.GetAsync($"/invocations/{request.InvocationId}/events", TestContext.Current.CancellationToken);
        await third.AssertProblemAsync(HttpStatusCode.TooManyRequests, HttpCode.StreamsExhausted);
        await fourth.AssertProblemAsync(HttpStatusCode.TooManyRequests, HttpCode.StreamsExhausted);

        // Each that ends makes room for another.
        await orchestrator.AnswerAsync(request);
        Assert.Equal([1, 2, 3], await first.IdsAsync());
        await Eventually.HoldsAsync(
            async () =>
            {
                using var again = await acme.GetAsync($"/invocations/{request.InvocationId}/events", TestContext.Current.CancellationToken);
                return again.StatusCode == HttpStatusCode.OK;
            },
            "a stream could be opened again");
    }

    [Fact]
    public async Task A_stop_ends_streams_cleanly()
    {
        await using var database = await TestDatabase.CreateAsync("Sqlite");
        var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { Database = database });
        using var client = orchestrator.Client();
        var request = await orchestrator.StartInvocationAsync();
        using var stream = await EventStream.OpenAsync(client, request.InvocationId);
        await using var events = stream.EventsAsync(TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await events.MoveNextAsync());

        await orchestrator.DisposeAsync();

        // A cut connection would throw.
        Assert.False(await events.MoveNextAsync());
    }

    [Fact]
    public async Task A_revoked_key_ends_its_streams()
    {
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { RequireApiKeys = true, Settings = new Dictionary<string, string?> { ["Http:StreamWriteTimeout"] = "00:10:00" } });
        using var client = orchestrator.Client(await orchestrator.CreateKeyAsync("acme"));
        var request = await orchestrator.StartInvocationAsync();
        using var stream = await EventStream.OpenAsync(client, request.InvocationId);
        var told = stream.IdsAsync();

        await orchestrator.ReadAsync(x => x.ApiKeys.ExecuteUpdateAsync(y => y.SetProperty(z => z.RevokedAt, DateTime.UnixEpoch)));
        await Eventually.HoldsAsync(
            () =>
            {
                orchestrator.Clock.Advance(ApiKeyDirectory.Life * 4);
                return Task.FromResult(told.IsCompleted);
            },
            "the stream had ended");

        Assert.Equal([1], await told);
    }

    private static async Task FinishAsync(OrchestratorFixture orchestrator, Contracts.Completions.RequestCompletion request)
    {
        await orchestrator.AskForToolsAsync(request, "look_up", "look_up", "refund");
        foreach (var call in await orchestrator.ToolCalls.NextAsync(3))
        {
            await orchestrator.ToolAnswersAsync(call);
        }

        await orchestrator.AnswerAsync(await orchestrator.Model.NextAsync());
        await Eventually.HoldsAsync(async () => (await orchestrator.RowAsync(request.InvocationId)).EndedAt is not null, "it had ended");
    }
}
