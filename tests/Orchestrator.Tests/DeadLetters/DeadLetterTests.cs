using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Contracts;
using Pipeline.Fixtures;
using Pipeline.Orchestrator.DeadLetters;
using Pipeline.Orchestrator.Tests.Setup;
using RabbitMQ.Client;

namespace Pipeline.Orchestrator.Tests.DeadLetters;

/// <summary>What could not be processed is kept, told of, and sent again without doing anything twice; on a real RabbitMQ.</summary>
public sealed class DeadLetterTests : IAsyncLifetime
{
    private readonly List<OrchestratorFixture> _replicas = [];
    private RabbitMqVirtualHost _host = null!;
    private TestDatabase _database = null!;
    private UpstreamSystem _upstream = null!;
    private HttpClient _operator = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private OrchestratorFixture Orchestrator => _replicas[0];

    public async ValueTask InitializeAsync()
    {
        _host = await RabbitMqVirtualHost.CreateAsync();
        try
        {
            _database = await TestDatabase.CreateAsync("Postgres");
            await StartReplicaAsync();
            _upstream = await UpstreamSystem.ConnectAsync(_host);
            _operator = Orchestrator.Client(await Orchestrator.CreateKeyAsync(null));
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _operator?.Dispose();
        if (_upstream is not null)
        {
            await _upstream.DisposeAsync();
        }

        foreach (var replica in _replicas)
        {
            await replica.DisposeAsync();
        }

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
    public async Task A_refused_submission_is_kept_with_its_bytes_and_why()
    {
        byte[] body = [.. Encoding.UTF8.GetBytes("""{"tenant":"acme","agent":"resolver","input":42,"odd":"""), 0xFF, 0x00, .. "\"}"u8];
        await _upstream.PublishAsync(body, properties: x => (x.MessageId, x.Headers) = ("m-1", new Dictionary<string, object?> { ["mine"] = "yes", ["bytes"] = new byte[] { 0xFE, 0x00 } }));

        var letter = Assert.Single(await KeptAsync(1));

        Assert.Equal("invocations.resolver", letter.Queue);
        Assert.Equal("invocations.resolver_error", letter.SourceQueue);
        Assert.Equal(FailureCode.SubmissionInvalid, letter.Code);
        Assert.Equal("resolver", letter.Agent);
        Assert.Equal("m-1", letter.MessageId);
        Assert.Equal(body, await _operator.GetByteArrayAsync($"dead-letters/{letter.Id}/body", Cancellation));
        var details = await _operator.GetFromJsonAsync<DeadLetterDetails>($"dead-letters/{letter.Id}", Cancellation);
        Assert.Equal("yes", details!.Properties.GetProperty("headers").GetProperty("mine").GetString());
    }

    [Theory]
    [InlineData("invocation-events_skipped", "invocation-events", "skipped")]
    [InlineData("tool.refund_error", "tool.refund", "unknown")]
    [InlineData("dead-letters", null, "unknown")]
    public async Task Whatever_lies_in_a_queue_of_failed_messages_is_kept(string source, string? queue, string code)
    {
        await DeclareAsync(source);
        byte[][] bodies = [[], [0, 1, 2, 0xFF], new byte[1024 * 1024], Encoding.UTF8.GetBytes(new string('{', 5000))];
        foreach (var body in bodies)
        {
            await SendAsync(source, body, x => x.Headers = new Dictionary<string, object?> { ["table"] = new Dictionary<string, object?> { ["a"] = 1 }, ["list"] = new List<object> { 1L, "x" }, ["none"] = null });
        }

        var letters = await KeptAsync(bodies.Length);

        Assert.All(letters, x => Assert.Equal((source, queue ?? source, code), (x.SourceQueue, x.Queue, x.Code)));
        Assert.Equal(bodies.Select(x => x.Length).Order(), letters.Select(x => x.BodyBytes).Order());
        await EmptyAsync(source);
    }

    [Fact]
    public async Task The_same_delivery_collected_twice_is_one_letter()
    {
        var found = new FoundMessage("tool.refund_error", "m-2", "application/json", null, null, 0, new Dictionary<string, object?> { ["MT-Fault-Timestamp"] = "2026-11-25T12:00:00Z" }, "{}"u8.ToArray());
        var store = Orchestrator.Services.GetRequiredService<DeadLetterStore>();

        // A crash after the commit and before the acknowledgement: the broker delivers it again, with another count.
        await store.KeepAsync([Read(found)], Cancellation);
        await store.KeepAsync([Read(found with { Headers = new Dictionary<string, object?>(found.Headers) { ["x-delivery-count"] = 1L } })], Cancellation);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => store.KeepAsync([Read(found with { MessageId = "m-3" })], Cancellation)));

        Assert.Equal(2, (await KeptAsync(2)).Count);
    }

    [Fact]
    public async Task Two_collectors_side_by_side_keep_each_once()
    {
        await DeclareAsync("tool.refund_error");
        await StartReplicaAsync();
        for (var number = 0; number < 200; number++)
        {
            await SendAsync("tool.refund_error", Encoding.UTF8.GetBytes($$"""{"number":{{number}}}"""));
        }

        await EmptyAsync("tool.refund_error");
        await Eventually.HoldsAsync(async () => await CountAsync() >= 200, "all are kept");
        Assert.Equal(200, await CountAsync());
    }

    [Fact]
    public async Task A_replay_has_the_same_bytes_and_message_id_and_repeats_nothing()
    {
        // Accepted once; then the same delivery turns up among the failed ones, as an operator's shovel or a late fault would leave it.
        await _upstream.PublishAsync(Good("k-1"), properties: x => x.MessageId = "m-4");
        var request = await Orchestrator.Model.NextAsync();
        await DeclareAsync("invocations.resolver_error");
        await SendAsync("invocations.resolver_error", Encoding.UTF8.GetBytes(Good("k-1")), x => (x.MessageId, x.ContentType) = ("m-4", "application/json"));
        var letter = Assert.Single(await KeptAsync(1));

        var answer = await _operator.PostAsync($"dead-letters/{letter.Id}/replay", null, Cancellation);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var view = await answer.Content.ReadFromJsonAsync<DeadLetterView>(Cancellation);
        Assert.Equal((DeadLetterStatus.Replayed, "test"), (view!.Status, view.ResolvedBy));
        await Orchestrator.AnswerAsync(request);
        await EmptyAsync("invocations.resolver");
        Assert.Equal(1, await Orchestrator.ReadAsync(x => x.Invocations.CountAsync(Cancellation)));
        Assert.Equal(1, Orchestrator.Traffic.Sent<Contracts.Completions.RequestCompletion>());
    }

    [Fact]
    public async Task An_answer_that_was_consumed_is_not_consumed_again_by_a_replay()
    {
        await _upstream.PublishAsync(Good("k-2"));
        var request = await Orchestrator.Model.NextAsync();
        var id = NewId.NextGuid();
        await Orchestrator.SendAsync(OrchestratorFixture.Answer(request), id);
        var envelope = JsonSerializer.SerializeToUtf8Bytes(new
        {
            messageId = id,
            messageType = new[] { MessageUrn.ForTypeString<Contracts.Completions.CompletionReceived>() },
            message = OrchestratorFixture.Answer(request, "Something else."),
        }, JsonSerializerOptions.Web);
        await DeclareAsync("invocation-events_error");
        await SendAsync("invocation-events_error", envelope, x => (x.MessageId, x.ContentType) = (id.ToString(), "application/vnd.masstransit+json"));
        var letter = Assert.Single(await KeptAsync(1));
        Assert.Equal(request.InvocationId, letter.InvocationId);

        (await _operator.PostAsync($"dead-letters/{letter.Id}/replay", null, Cancellation)).EnsureSuccessStatusCode();

        await Eventually.HoldsAsync(() => Task.FromResult(Orchestrator.Traffic.Consumed(id) >= 2), "the replay was consumed");
        await Orchestrator.AssertEndedAsync(request.InvocationId, "completed");
        Assert.DoesNotContain(await Orchestrator.TimelineAsync(request.InvocationId), x => x.Payload.Contains("Something else", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_refused_body_is_mended_and_replayed_under_a_new_id()
    {
        await _upstream.PublishAsync("""{"tenant":"acme","agent":"resolver","input":42}""", properties: x => x.MessageId = "m-5");
        var letter = Assert.Single(await KeptAsync(1));

        var answer = await _operator.PostAsJsonAsync($"dead-letters/{letter.Id}/replay", new { body = Good(null), reason = "input was a number" }, Cancellation);

        var view = await answer.Content.ReadFromJsonAsync<DeadLetterView>(Cancellation);
        await Orchestrator.Model.NextAsync();
        Assert.NotNull(view!.ReplacedBy);
        Assert.NotEqual("m-5", view.ReplacedBy);
        Assert.Equal("input was a number", view.ResolvedReason);
        Assert.Equal(view.ReplacedBy, (await Orchestrator.ReadAsync(x => x.Invocations.SingleAsync(Cancellation))).IdempotencyKey);
    }

    [Fact]
    public async Task Headers_that_differ_in_case_only_keep_nothing_else_from_being_collected()
    {
        await _upstream.PublishAsync("no JSON", properties: x => x.Headers = new Dictionary<string, object?> { ["case"] = "a", ["CASE"] = "b" });
        await _upstream.PublishAsync("none either");

        Assert.Equal(2, (await KeptAsync(2)).Count);
    }

    [Fact]
    public async Task A_submission_that_no_agent_took_reaches_the_one_that_the_edited_body_names()
    {
        await _upstream.PublishAsync(Good(null).Replace("resolver", "nobody", StringComparison.Ordinal), routingKey: "nobody");
        var letter = Assert.Single(await KeptAsync(1));
        Assert.Equal(QueueName.UnroutedInvocations, letter.Queue);

        (await _operator.PostAsJsonAsync($"dead-letters/{letter.Id}/replay", new { body = Good(null) }, Cancellation)).EnsureSuccessStatusCode();

        Assert.Equal("resolver", (await Orchestrator.Model.NextAsync()).Agent);
    }

    [Fact]
    public async Task An_unmended_replay_is_another_letter_and_not_a_loop()
    {
        await _upstream.PublishAsync("no JSON");
        var letter = Assert.Single(await KeptAsync(1));

        (await _operator.PostAsync($"dead-letters/{letter.Id}/replay", null, Cancellation)).EnsureSuccessStatusCode();

        var again = Assert.Single(await KeptAsync(1));
        Assert.NotEqual(letter.Id, again.Id);
        Assert.Equal(HttpStatusCode.Conflict, (await _operator.PostAsync($"dead-letters/{letter.Id}/replay", null, Cancellation)).StatusCode);
    }

    [Fact]
    public async Task Many_are_replayed_at_a_rate_and_those_that_fail_again_are_left()
    {
        await DeclareAsync("invocations.resolver_error");
        for (var number = 0; number < 6; number++)
        {
            await SendAsync("invocations.resolver_error", Encoding.UTF8.GetBytes(number == 3 ? "no JSON" : Good($"k-many-{number}")), x => x.ContentType = "application/json");
        }

        await KeptAsync(6);
        var answer = await _operator.PostAsJsonAsync("dead-letters/replays", new { filter = new { queue = "invocations.resolver" }, perSecond = 1000 }, Cancellation);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);

        ReplayView? view = null;
        await Eventually.HoldsAsync(
            async () => (view = await _operator.GetFromJsonAsync<ReplayView>(answer.Headers.Location, Cancellation))!.State == DeadLetterReplay.Done, "the replay is done");

        Assert.Equal((6, 0), (view!.Replayed, view.Failed));
        Assert.Equal(5, (await Orchestrator.Model.NextAsync(5)).Count);
        Assert.Equal(FailureCode.SubmissionInvalid, Assert.Single(await KeptAsync(1)).Code);
    }

    [Fact]
    public async Task A_replay_that_no_queue_takes_leaves_the_letter_kept()
    {
        await DeclareAsync("dead-letters");
        await SendAsync("dead-letters", "{}"u8.ToArray(), x => x.Headers = new Dictionary<string, object?> { ["x-first-death-queue"] = "tool.gone", ["x-first-death-reason"] = "delivery_limit" });
        var letter = Assert.Single(await KeptAsync(1));
        Assert.Equal(("tool.gone", "delivery_limit"), (letter.Queue, letter.Code));

        var answer = await _operator.PostAsync($"dead-letters/{letter.Id}/replay", null, Cancellation);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal(DeadLetterStatus.Kept, Assert.Single(await KeptAsync(1)).Status);
    }

    [Fact]
    public async Task Groups_count_what_failed_alike_and_a_group_is_put_away()
    {
        foreach (var body in new[] { "no JSON", "none either", """{"tenant":"acme","agent":"resolver","input":42}""" })
        {
            await _upstream.PublishAsync(body);
        }

        await _upstream.PublishAsync(Good(null).Replace("resolver", "nobody", StringComparison.Ordinal), routingKey: "nobody");
        await KeptAsync(4);

        var groups = await _operator.GetFromJsonAsync<List<DeadLetterGroup>>("dead-letters/groups", Cancellation);
        Assert.Equal(3, groups!.Where(x => x.Code == FailureCode.SubmissionInvalid).Sum(x => x.Count));
        Assert.Equal(1, Assert.Single(groups!, x => x.Code == FailureCode.AgentUnknown).Count);

        var answer = await _operator.PostAsJsonAsync("dead-letters/discards", new { filter = new { code = FailureCode.SubmissionInvalid }, reason = "test" }, Cancellation);
        Assert.Equal(3, (await answer.Content.ReadFromJsonAsync<DiscardResult>(Cancellation))!.Discarded);
        Assert.Single(await KeptAsync(1));
        Assert.Equal(HttpStatusCode.BadRequest, (await _operator.PostAsJsonAsync("dead-letters/discards", new { filter = new { } }, Cancellation)).StatusCode);
    }

    [Fact]
    public async Task A_tenant_sees_its_own_letters_and_decides_nothing()
    {
        await _upstream.PublishAsync("""{"tenant":"acme","agent":"resolver","input":42,"canary":"acme"}""");
        await _upstream.PublishAsync("""{"tenant":"globex","agent":"resolver","input":42,"canary":"globex"}""");
        await _upstream.PublishAsync("no tenant at all");
        var all = await KeptAsync(3);
        using var acme = Orchestrator.Client(await Orchestrator.CreateKeyAsync("acme"));

        var own = Assert.Single((await acme.GetFromJsonAsync<DeadLetterPage>("dead-letters?tenant=acme", Cancellation))!.Items);

        Assert.Equal("acme", own.Tenant);
        Assert.Single((await acme.GetFromJsonAsync<DeadLetterPage>("dead-letters", Cancellation))!.Items);
        Assert.Empty((await acme.GetFromJsonAsync<DeadLetterPage>("dead-letters?tenant=globex", Cancellation))!.Items);
        Assert.Equal(1, (await acme.GetFromJsonAsync<List<DeadLetterGroup>>("dead-letters/groups", Cancellation))!.Sum(x => x.Count));
        foreach (var other in all.Where(x => x.Tenant != "acme"))
        {
            Assert.Equal(HttpStatusCode.NotFound, (await acme.GetAsync($"dead-letters/{other.Id}", Cancellation)).StatusCode);
            Assert.Equal(HttpStatusCode.NotFound, (await acme.GetAsync($"dead-letters/{other.Id}/body", Cancellation)).StatusCode);
        }

        Assert.Equal(HttpStatusCode.Forbidden, (await acme.PostAsync($"dead-letters/{own.Id}/replay", null, Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await acme.DeleteAsync($"dead-letters/{own.Id}", Cancellation)).StatusCode);
    }

    [Fact]
    public async Task What_is_older_than_it_is_kept_is_deleted()
    {
        await _upstream.PublishAsync("no JSON");
        await KeptAsync(1);
        await Orchestrator.ReadAsync(x => x.DeadLetters.ExecuteUpdateAsync(y => y.SetProperty(z => z.CollectedAt, DateTime.UtcNow.AddDays(-31)), Cancellation));

        Assert.Equal(1, await Orchestrator.Services.GetRequiredService<DeadLetterRetention>().DeletePieceAsync(Cancellation));
        Assert.Equal(0, await CountAsync());
    }

    private static string Good(string? key) => $$"""{"tenant":"acme","agent":"resolver","input":"Help me."{{(key is null ? "" : $",\"idempotencyKey\":\"{key}\"")}}}""";

    private static DeadLetter Read(FoundMessage found) => DeadLetterReading.Read(found, 1024 * 1024, new DateTime(2026, 11, 25, 12, 0, 0, DateTimeKind.Utc));

    private async Task StartReplicaAsync() => _replicas.Add(await OrchestratorFixture.StartAsync(new OrchestratorSetup
    {
        VirtualHost = _host,
        Database = _database,
        Clock = TimeProvider.System,
        RequireApiKeys = true,
        Settings = new Dictionary<string, string?> { ["DeadLetters:Collect"] = "true", ["DeadLetters:Interval"] = "00:00:00.2" },
    }));

    private async Task<IReadOnlyList<DeadLetterView>> KeptAsync(int count)
    {
        IReadOnlyList<DeadLetterView> items = [];
        await Eventually.HoldsAsync(
            async () => (items = (await _operator.GetFromJsonAsync<DeadLetterPage>("dead-letters?status=kept&limit=200", Cancellation))!.Items).Count == count, $"{count} letters wait for a decision");
        return items;
    }

    private Task<int> CountAsync() => Orchestrator.ReadAsync(x => x.DeadLetters.CountAsync(Cancellation));

    private async Task<IChannel> ChannelAsync()
    {
        var connection = await new ConnectionFactory { Uri = _host.Uri }.CreateConnectionAsync(Cancellation);
        return await connection.CreateChannelAsync(new CreateChannelOptions(true, true), Cancellation);
    }

    private async Task DeclareAsync(string queue)
    {
        await using var channel = await ChannelAsync();
        await channel.QueueDeclareAsync(queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?> { ["x-queue-type"] = "quorum" }, cancellationToken: Cancellation);
    }

    private async Task SendAsync(string queue, byte[] body, Action<BasicProperties>? properties = null)
    {
        await using var channel = await ChannelAsync();
        var basic = new BasicProperties();
        properties?.Invoke(basic);
        await channel.BasicPublishAsync("", queue, mandatory: true, basic, body, Cancellation);
    }

    private async Task EmptyAsync(string queue)
    {
        await using var channel = await ChannelAsync();
        await Eventually.HoldsAsync(async () => await channel.MessageCountAsync(queue, Cancellation) == 0, $"{queue} is empty");
    }
}
