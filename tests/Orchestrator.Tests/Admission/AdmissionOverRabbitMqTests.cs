using System.Collections.Concurrent;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;
using Pipeline.Fixtures;
using Pipeline.Orchestrator.Admission;
using Pipeline.Orchestrator.Tests.Setup;
using RabbitMQ.Client;

namespace Pipeline.Orchestrator.Tests.Admission;

/// <summary>Two replicas on one PostgreSQL and one RabbitMQ, with the clock of the wall.</summary>
public sealed class AdmissionOverRabbitMqTests : IAsyncLifetime
{
    private const int Cap = 4;

    private RabbitMqVirtualHost _host = null!;
    private TestDatabase _database = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await RabbitMqVirtualHost.CreateAsync();
        _database = await TestDatabase.CreateAsync("Postgres");
    }

    public async ValueTask DisposeAsync()
    {
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        if (_host is not null)
        {
            await _host.DisposeAsync();
        }
    }

    [Fact]
    public async Task Two_replicas_never_have_more_open_than_the_cap_and_everything_parked_ends()
    {
        const int count = 40;
        await using var first = await StartAsync();
        await using var second = await StartAsync();
        await using var upstream = await UpstreamSystem.ConnectAsync(_host);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var seen = new ConcurrentBag<int>();
        var answering = new[] { first, second }.Select(x => AnswerAllAsync(x, seen, stop.Token)).ToList();

        for (var i = 0; i < count; i++)
        {
            await upstream.PublishAsync($$"""{"tenant":"acme","agent":"resolver","input":"Number {{i}}"}""", properties: x => x.MessageId = $"order-{i}");
        }

        await Eventually.HoldsAsync(() => first.ReadAsync(async x => await x.Invocations.CountAsync(y => y.EndedAt != null) == count), "all invocations ended");
        await stop.CancelAsync();
        await Task.WhenAll(answering);

        Assert.InRange(seen.Max(), 2, Cap);
        Assert.Equal(count, await first.ReadAsync(x => x.Invocations.CountAsync()));
        Assert.Equal(0, await AdmissionTests.OpenAsync(first));
    }

    [Fact]
    public async Task A_publisher_that_waits_for_an_answer_is_deferred_at_once_over_AMQP()
    {
        await using var orchestrator = await StartAsync();
        await using var upstream = await UpstreamSystem.ConnectAsync(_host);
        for (var i = 0; i < Cap; i++)
        {
            await upstream.PublishAsync($$"""{"tenant":"acme","agent":"resolver","input":"Number {{i}}"}""", properties: x => (x.ReplyTo, x.MessageId, x.CorrelationId) = (upstream.ReplyQueue, $"order-{i}", $"call {i}"));
        }

        var replies = await upstream.Replies.NextAsync(Cap);
        var deferred = replies.Where(x => x.Text("event") == "deferred").ToList();

        Assert.NotEmpty(deferred);
        Assert.All(deferred, x =>
        {
            Assert.Equal(FailureCode.AdmissionDeferred, x.Text("code"));
            Assert.True(x.Json.GetProperty("retryAfterSeconds").GetInt32() >= 1);
            Assert.StartsWith("call ", x.Properties.CorrelationId, StringComparison.Ordinal);
        });
        Assert.Equal(Cap - deferred.Count, await AdmissionTests.OpenAsync(orchestrator));
    }

    [Fact]
    public async Task A_promise_of_one_replica_is_known_to_another()
    {
        await using var first = await StartAsync();
        await using var second = await StartAsync();
        var caller = new CallerIdentity(MassTransit.NewId.NextGuid(), "acme", null);

        var promised = await AskAsync(first, caller);
        var again = await AskAsync(second, caller);

        Assert.Equal((DeferralKind.Promised, DeferralKind.Early), (promised.Kind, again.Kind));
        Assert.Equal(promised.NotBefore, again.NotBefore, TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public async Task A_model_pool_that_nobody_serves_closes_its_agents()
    {
        await using var connection = await new ConnectionFactory { Uri = _host.Uri }.CreateConnectionAsync(TestContext.Current.CancellationToken);
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true), TestContext.Current.CancellationToken);
        await channel.QueueDeclareAsync("llm.slow", durable: true, exclusive: false, autoDelete: false, cancellationToken: TestContext.Current.CancellationToken);
        for (var i = 0; i < 20; i++)
        {
            await channel.BasicPublishAsync("", "llm.slow", Encoding.UTF8.GetBytes("{}"), TestContext.Current.CancellationToken);
        }

        await using var orchestrator = await StartAsync(x => x.WithAgent(admission: new { maxWaitSeconds = 5 }, pool: "slow"));
        var depths = orchestrator.Services.GetRequiredService<QueueDepths>();
        await Eventually.HoldsAsync(() => Task.FromResult(depths.Of("llm.slow") is { Ready: >= 20 }), "the depth of llm.slow was seen");
        await Eventually.HoldsAsync(async () =>
        {
            var answer = await AdmissionTests.AskAsync(orchestrator, OrchestratorFixture.Submission());
            return answer.Event == InvocationEventName.Deferred;
        }, "the agent was closed");
    }

    private static async Task<DeferralAnswer> AskAsync(OrchestratorFixture orchestrator, CallerIdentity caller) =>
        await orchestrator.Services.GetRequiredService<DeferralDesk>().AskAsync(orchestrator.Services.GetRequiredService<AgentLoads>().Of("resolver"), caller, TestContext.Current.CancellationToken);

    private static async Task AnswerAllAsync(OrchestratorFixture orchestrator, ConcurrentBag<int> seen, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            if (await orchestrator.Model.TryNextAsync(stop) is not { } request)
            {
                return;
            }

            seen.Add(await orchestrator.ReadAsync(x => x.Invocations.CountAsync(y => y.EndedAt == null)));
            var queue = await orchestrator.Bus.GetSendEndpoint(new Uri($"exchange:{QueueName.InvocationEvents}"));
            await queue.Send(OrchestratorFixture.Answer(request), TestContext.Current.CancellationToken);
        }
    }

    private Task<OrchestratorFixture> StartAsync(Action<AgentFolder>? agents = null) => OrchestratorFixture.StartAsync(new OrchestratorSetup
    {
        VirtualHost = _host,
        Database = _database,
        Clock = TimeProvider.System,
        Agents = agents ?? (x => x.WithAgent(tools: ["look_up", "refund"], admission: new { maxOpen = Cap })),
        Settings = new Dictionary<string, string?> { ["Admission:LookAgain"] = "00:00:00.100", ["Admission:DepthInterval"] = "00:00:00.200" },
    });
}
