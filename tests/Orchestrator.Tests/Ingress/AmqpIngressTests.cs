using System.Text;
using Pipeline.Contracts;
using Pipeline.Fixtures;
using Pipeline.Orchestrator.Tests.Setup;
using RabbitMQ.Client;

namespace Pipeline.Orchestrator.Tests.Ingress;

/// <summary>Submissions as a publisher that is not .NET sends them, on a real RabbitMQ.</summary>
public sealed class AmqpIngressTests : IAsyncLifetime
{
    private const string Good = """{"tenant":"acme","agent":"resolver","input":{"question":"Where is my money?"}}""";

    private RabbitMqVirtualHost _host = null!;
    private OrchestratorFixture _orchestrator = null!;
    private UpstreamSystem _upstream = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await RabbitMqVirtualHost.CreateAsync();
        try
        {
            _orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { VirtualHost = _host });
            _upstream = await UpstreamSystem.ConnectAsync(_host);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_upstream is not null)
        {
            await _upstream.DisposeAsync();
        }

        if (_orchestrator is not null)
        {
            await _orchestrator.DisposeAsync();
        }

        if (_host is not null)
        {
            await _host.DisposeAsync();
        }
    }

    [Fact]
    public async Task Plain_JSON_runs_from_submission_to_completion()
    {
        await _upstream.PublishAsync("""{"tenant":"acme","agent":"resolver","input":"Help","session":"customer-42","metadata":{"ticket":"T-1"},"somethingNew":{"a":[1]}}""");

        var accepted = await _upstream.Events.NextAsync();
        await _orchestrator.AnswerAsync(await _orchestrator.Model.NextAsync(), "Done.");
        var completed = await _upstream.Events.NextAsync();

        Assert.Equal("acme.resolver.accepted", accepted.RoutingKey);
        Assert.Equal("acme.resolver.completed", completed.RoutingKey);
        Assert.All([accepted, completed], x =>
        {
            Assert.Equal("application/json", x.Properties.ContentType);
            Assert.Equal("customer-42", x.Text("session"));
            Assert.Equal("T-1", x.Json.GetProperty("metadata").GetProperty("ticket").GetString());
            Assert.False(x.Json.TryGetProperty("message", out _), "There is an envelope.");
        });
        Assert.Equal("Done.", completed.Text("output"));
        Assert.Equal(1, completed.Json.GetProperty("usage").GetProperty("turns").GetInt32());
    }

    [Theory]
    [InlineData("order-7 of 2026/11")]
    [InlineData("c2a6b6a0-3f0e-4f7e-9d3a-0c1d2e3f4a5b")]
    public async Task The_same_message_id_twice_is_one_invocation_and_both_are_answered(string messageId)
    {
        await _upstream.PublishAsync(Good, properties: x => AskForReply(x, "first", messageId));
        var first = await _upstream.Replies.NextAsync();
        await _upstream.PublishAsync(Good, properties: x => AskForReply(x, "second", messageId));
        var second = await _upstream.Replies.NextAsync();

        Assert.Equal(("accepted", "accepted"), (first.Text("event"), second.Text("event")));
        Assert.Equal(("first", "second"), (first.Properties.CorrelationId, second.Properties.CorrelationId));
        Assert.Equal(first.Text("invocationId"), second.Text("invocationId"));
        Assert.Equal(messageId, (await _orchestrator.RowAsync(Guid.Parse(first.Text("invocationId")!))).IdempotencyKey);
        Assert.Equal(1, await _orchestrator.ReadAsync(x => Task.FromResult(x.Invocations.Count())));
    }

    [Theory]
    [InlineData("order-7 of 2026/11")]
    [InlineData("c2a6b6a0-3f0e-4f7e-9d3a-0c1d2e3f4a5b")]
    public async Task The_same_message_id_with_another_body_is_refused(string messageId)
    {
        await _upstream.PublishAsync(Good, properties: x => AskForReply(x, "first", messageId));
        await _upstream.Replies.NextAsync();
        await _upstream.PublishAsync(Good.Replace("money", "card", StringComparison.Ordinal), properties: x => AskForReply(x, "second", messageId));
        var second = await _upstream.Replies.NextAsync();

        Assert.Equal(("rejected", FailureCode.IdempotencyConflict), (second.Text("event"), second.Text("code")));
        Assert.Equal("second", second.Properties.CorrelationId);
    }

    [Fact]
    public async Task An_invocation_id_with_the_message_id_of_another_invocation_is_refused()
    {
        await _upstream.PublishAsync(Good, properties: x => AskForReply(x, "first", "order-7"));
        await _upstream.Replies.NextAsync();
        await _upstream.PublishAsync(
            """{"tenant":"acme","agent":"resolver","input":"Help","invocationId":"0a1b2c3d-0000-4000-8000-000000000001"}""",
            properties: x => AskForReply(x, "second", "order-7"));
        var second = await _upstream.Replies.NextAsync();

        Assert.Equal(("rejected", FailureCode.IdempotencyConflict), (second.Text("event"), second.Text("code")));
    }

    [Fact]
    public async Task Two_submissions_with_an_empty_message_id_are_two_invocations()
    {
        await _upstream.PublishAsync(Good, properties: x => AskForReply(x, "first", ""));
        await _upstream.PublishAsync(Good, properties: x => AskForReply(x, "second", ""));
        var replies = await _upstream.Replies.NextAsync(2);

        Assert.Equal(2, replies.Select(x => x.Text("invocationId")).Distinct().Count());
    }

    [Theory]
    [InlineData("a\0b")]
    [InlineData(null)]
    public async Task A_message_id_that_no_column_takes_is_a_key_all_the_same(string? messageId)
    {
        messageId ??= new string('x', 255);
        await _upstream.PublishAsync(Good, properties: x => AskForReply(x, "first", messageId));
        await _upstream.PublishAsync(Good, properties: x => AskForReply(x, "second", messageId));
        var replies = await _upstream.Replies.NextAsync(2);

        Assert.All(replies, x => Assert.Equal("accepted", x.Text("event")));
        var id = Assert.Single(replies.Select(x => x.Text("invocationId")).Distinct())!;
        Assert.StartsWith("sha256:", (await _orchestrator.RowAsync(Guid.Parse(id))).IdempotencyKey, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0a1b2c3d-0000-4000-8000-000000000009")]
    [InlineData("call 17/a")]
    [InlineData(null)]
    public async Task The_answer_carries_the_publishers_correlation_id(string? correlationId)
    {
        await _upstream.PublishAsync(Good, properties: x => AskForReply(x, correlationId, null));
        var accepted = await _upstream.Replies.NextAsync();
        await _upstream.PublishAsync("{}", properties: x => AskForReply(x, correlationId, null));
        var rejected = await _upstream.Replies.NextAsync();

        Assert.Equal(("accepted", "rejected"), (accepted.Text("event"), rejected.Text("event")));
        Assert.Equal(correlationId, accepted.Properties.CorrelationId);
        Assert.Equal(correlationId, rejected.Properties.CorrelationId);
        Assert.Equal("application/json", accepted.Properties.ContentType);
    }

    [Fact]
    public async Task The_answer_goes_to_the_pseudo_queue_for_replies_too()
    {
        await _upstream.UseDirectReplyToAsync();
        await _upstream.PublishAsync(Good, properties: x => AskForReply(x, "first", null));

        Assert.Equal("accepted", (await _upstream.Replies.NextAsync()).Text("event"));
    }

    [Fact]
    public async Task A_reply_queue_that_is_gone_keeps_nothing_from_running()
    {
        await _upstream.PublishAsync(Good, properties: x => x.ReplyTo = "gone");

        Assert.Equal("acme.resolver.accepted", (await _upstream.Events.NextAsync()).RoutingKey);
        await _orchestrator.Model.NextAsync();
    }

    [Theory]
    [InlineData(null)]
    [InlineData("text/plain")]
    [InlineData("application/json; charset=utf-8")]
    [InlineData("json")]
    [InlineData("")]
    [InlineData("application/octet-stream")]
    public async Task The_content_type_does_not_matter(string? contentType)
    {
        await _upstream.PublishAsync(Good, properties: x =>
        {
            x.ClearContentType();
            if (contentType is not null)
            {
                x.ContentType = contentType;
            }
        });

        Assert.Equal("acme.resolver.accepted", (await _upstream.Events.NextAsync()).RoutingKey);
    }

    [Fact]
    public async Task Headers_of_any_kind_do_not_matter()
    {
        await _upstream.PublishAsync(Good, properties: x =>
        {
            x.Timestamp = new AmqpTimestamp(1_700_000_000);
            x.Type = "submission";
            x.AppId = "billing";
            x.Priority = 3;
            x.Headers = new Dictionary<string, object?>
            {
                ["text"] = "a",
                ["number"] = 7L,
                ["truth"] = true,
                ["bytes"] = new byte[] { 0xFF, 0 },
                ["table"] = new Dictionary<string, object?> { ["a"] = 1 },
                ["list"] = new List<object?> { 1, "b" },
                ["nothing"] = null,
                ["MT-Fault-Message"] = "an old fault",
                ["MT-MessageType"] = "urn:message:Somebody:Else",
                ["MessageId"] = "not a guid",
            };
        });

        Assert.Equal("acme.resolver.accepted", (await _upstream.Events.NextAsync()).RoutingKey);
        await _orchestrator.Model.NextAsync();
    }

    [Theory]
    [MemberData(nameof(BadSubmissions))]
    public async Task A_bad_submission_is_answered_told_and_kept_and_the_next_one_works(string what)
    {
        var (body, routingKey, code, queue, eventKey) = Bad(what);
        await _upstream.PublishAsync(body, routingKey, x => AskForReply(x, "call 17", "order-7"));

        var reply = await _upstream.Replies.NextAsync();
        Assert.Equal(("rejected", code), (reply.Text("event"), reply.Text("code")));
        Assert.Equal("call 17", reply.Properties.CorrelationId);
        var rejected = await _upstream.Events.NextAsync();
        Assert.Equal(eventKey, rejected.RoutingKey);
        Assert.Equal(reply.Text("reason"), rejected.Text("reason"));
        var dead = await _upstream.TakeAsync(queue + "_error");
        Assert.Equal(body, dead.Body);
        Assert.Contains(code, dead.Header("MT-Fault-Message"), StringComparison.Ordinal);
        Assert.Contains(reply.Text("reason")!, dead.Header("MT-Fault-Message"), StringComparison.Ordinal);
        Assert.Equal(("order-7", "call 17", "application/json"), (dead.Properties.MessageId, dead.Properties.CorrelationId, dead.Properties.ContentType));

        await _upstream.PublishAsync(Good);
        Assert.Equal("acme.resolver.accepted", (await _upstream.Events.NextAsync()).RoutingKey);
        Assert.Equal(1, await _orchestrator.ReadAsync(x => Task.FromResult(x.Invocations.Count())));
    }

    public static TheoryData<string> BadSubmissions() =>
    [
        "malformed JSON", "empty body", "invalid UTF-8", "invalid UTF-8 in the input", "half a surrogate pair in the input", "half a surrogate pair in the tenant",
        "an array", "null", "wrong type", "missing members", "null members", "input is a number", "bad tenant", "a tenant with a line break", "a bad id", "5 MB", "input over 256 KB",
        "nested 100000 deep", "unknown agent", "wrong routing key", "a routing key that nobody has", "a zero byte in the session",
    ];

    private static (byte[] Body, string RoutingKey, string Code, string Queue, string EventKey) Bad(string what)
    {
        const string Resolver = "invocations.resolver";
        static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);
        static byte[] With(string members) => Bytes($$"""{"tenant":"acme","agent":"resolver",{{members}}}""");
        return what switch
        {
            "malformed JSON" => (Bytes("""{"tenant":"acme", oops"""), "resolver", FailureCode.SubmissionInvalid, Resolver, "_._.rejected"),
            "empty body" => ([], "resolver", FailureCode.SubmissionInvalid, Resolver, "_._.rejected"),
            "invalid UTF-8" => ([0xFF, 0xFE, 0x00], "resolver", FailureCode.SubmissionInvalid, Resolver, "_._.rejected"),
            "invalid UTF-8 in the input" => ([.. Bytes("""{"tenant":"acme","agent":"resolver","input":"""), (byte)'"', 0xC3, 0x28, (byte)'"', (byte)'}'], "resolver", FailureCode.SubmissionInvalid, Resolver, "_._.rejected"),
            "half a surrogate pair in the input" => (With("""  "input":{"a":"\ud800"}"""), "resolver", FailureCode.SubmissionInvalid, Resolver, "acme.resolver.rejected"),
            "half a surrogate pair in the tenant" => (Bytes("""{"tenant":"\ud800","agent":"resolver","input":"x"}"""), "resolver", FailureCode.SubmissionInvalid, Resolver, "_.resolver.rejected"),
            "an array" => (Bytes("[1,2]"), "resolver", FailureCode.SubmissionInvalid, Resolver, "_._.rejected"),
            "null" => (Bytes("null"), "resolver", FailureCode.SubmissionInvalid, Resolver, "_._.rejected"),
            "wrong type" => (With("""  "input":"x","metadata":{"a":[]}"""), "resolver", FailureCode.SubmissionInvalid, Resolver, "acme.resolver.rejected"),
            "missing members" => (Bytes("""{"tenant":"acme"}"""), "resolver", FailureCode.SubmissionInvalid, Resolver, "acme._.rejected"),
            "null members" => (Bytes("""{"tenant":null,"agent":"resolver","input":null}"""), "resolver", FailureCode.SubmissionInvalid, Resolver, "_.resolver.rejected"),
            "input is a number" => (With("\"input\":7"), "resolver", FailureCode.SubmissionInvalid, Resolver, "acme.resolver.rejected"),
            "bad tenant" => (Bytes("""{"tenant":"a.b","agent":"resolver","input":"x"}"""), "resolver", FailureCode.SubmissionInvalid, Resolver, "_.resolver.rejected"),
            "a tenant with a line break" => (Bytes("""{"tenant":"acme\n","agent":"resolver","input":"x"}"""), "resolver", FailureCode.SubmissionInvalid, Resolver, "_.resolver.rejected"),
            "a bad id" => (With("""  "input":"x","invocationId":"seven" """), "resolver", FailureCode.SubmissionInvalid, Resolver, "acme.resolver.rejected"),
            "5 MB" => (With($"\"input\":\"{new string('x', 5 * 1024 * 1024)}\""), "resolver", FailureCode.InputTooLarge, Resolver, "_._.rejected"),
            "input over 256 KB" => (With($"\"input\":\"{new string('x', 256 * 1024)}\""), "resolver", FailureCode.InputTooLarge, Resolver, "acme.resolver.rejected"),
            "nested 100000 deep" => (With($"\"input\":{new string('[', 100_000)}{new string(']', 100_000)}"), "resolver", FailureCode.SubmissionInvalid, Resolver, "_._.rejected"),
            "unknown agent" => (Bytes(Good.Replace("resolver", "nobody", StringComparison.Ordinal)), "nobody", FailureCode.AgentUnknown, "invocations.unrouted", "acme.nobody.rejected"),
            "wrong routing key" => (Bytes(Good.Replace("resolver", "nobody", StringComparison.Ordinal)), "resolver", FailureCode.AgentUnknown, Resolver, "acme.nobody.rejected"),
            "a routing key that nobody has" => (Bytes(Good), "", FailureCode.AgentUnknown, "invocations.unrouted", "acme.resolver.rejected"),
            "a zero byte in the session" => (With("""  "input":"x","session":"a\u0000b" """), "resolver", FailureCode.SubmissionInvalid, Resolver, "acme.resolver.rejected"),
            _ => throw new ArgumentOutOfRangeException(nameof(what), what, null),
        };
    }

    private void AskForReply(BasicProperties properties, string? correlationId, string? messageId)
    {
        properties.ReplyTo = _upstream.ReplyQueue;
        if (correlationId is not null)
        {
            properties.CorrelationId = correlationId;
        }

        if (messageId is not null)
        {
            properties.MessageId = messageId;
        }
    }
}
