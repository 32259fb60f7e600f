using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Pipeline.Contracts;
using Pipeline.Fixtures;
using Pipeline.Orchestrator.Tests.Setup;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;

namespace Pipeline.Orchestrator.Tests.Http;

/// <summary>Messages that nobody should publish, on a real RabbitMQ: each is answered once by name, and what is refused is in an error queue with its code.</summary>
public sealed class HostileAmqpTests
{
    private static readonly string[] ContentTypes = ["application/json", "application/json", "application/json", "", "text/plain", "///", "application/vnd.masstransit+json", "application/vnd.masstransit+json", "application/x-nothing"];
    private static readonly string[] RoutingKeys = ["resolver", "resolver", "resolver", "resolver", "nobody", "", "a.b.c", "*"];

    [Fact]
    public Task A_thousand_hostile_messages_are_refused_by_name() => RunAsync(1_000, 20261125);

    [Fact]
    [Trait("Category", "Long")]
    public Task Ten_thousand_hostile_messages_are_refused_by_name() => RunAsync(10_000, 4711);

    private static async Task RunAsync(int count, int seed)
    {
        await using var host = await RabbitMqVirtualHost.CreateAsync();
        await using var orchestrator = await OrchestratorFixture.StartAsync(new OrchestratorSetup { VirtualHost = host, Clock = TimeProvider.System });
        await using var connection = await new ConnectionFactory { Uri = host.Uri }.CreateConnectionAsync(TestContext.Current.CancellationToken);
        await using var channel = await connection.CreateChannelAsync(new CreateChannelOptions(true, true), TestContext.Current.CancellationToken);
        var answers = new ConcurrentDictionary<string, string>();
        var replies = (await channel.QueueDeclareAsync(cancellationToken: TestContext.Current.CancellationToken)).QueueName;
        var consumer = new AsyncEventingBasicConsumer(channel);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            var answer = JsonSerializer.Deserialize<JsonElement>(delivery.Body.Span);
            answers[delivery.BasicProperties.CorrelationId!] = answer.TryGetProperty("code", out var code) ? code.GetString()! : answer.GetProperty("event").GetString()!;
            return Task.CompletedTask;
        };
        await channel.BasicConsumeAsync(replies, true, consumer, TestContext.Current.CancellationToken);
        var bodies = new HostileBodies(seed);
        var pending = new List<Task>();
        for (var i = 0; i < count; i++)
        {
            pending.Add(PublishAsync(channel, bodies, $"{i}", replies).AsTask());
            if (i % 10 == 0)
            {
                // The work of somebody else among them.
                var body = Encoding.UTF8.GetBytes($$"""{"tenant":"acme","agent":"resolver","input":"x","session":"good","idempotencyKey":"good-{{i}}"}""");
                var properties = new BasicProperties { ContentType = "application/json", DeliveryMode = DeliveryModes.Persistent, ReplyTo = replies, CorrelationId = $"good-{i}" };
                pending.Add(channel.BasicPublishAsync(QueueName.SubmissionExchange, "resolver", true, properties, body, TestContext.Current.CancellationToken).AsTask());
            }

            if (pending.Count >= 100)
            {
                await Task.WhenAll(pending);
                pending.Clear();
            }
        }

        await Task.WhenAll(pending);
        var good = (count + 9) / 10;
        await Eventually.HoldsAsync(() => Task.FromResult(answers.Count >= count + good), "every message was answered");
        var told = answers.GroupBy(x => x.Value).ToDictionary(x => x.Key, x => x.Count());
        TestContext.Current.TestOutputHelper?.WriteLine(string.Join(", ", told.Select(x => $"{x.Key}: {x.Value}")));
        Assert.Equal(count + good, answers.Count);
        Assert.All(answers.Where(x => x.Key.StartsWith("good", StringComparison.Ordinal)), x => Assert.Equal("accepted", x.Value));
        Assert.Equal(good, await orchestrator.ReadAsync(x => x.Invocations.CountAsync(y => y.Session == "good")));

        // A refusal is also a dead letter with its code; only a conflict that the row itself found is an answer and an event alone.
        var dead = new Dictionary<string, int>();
        string[] codes = [FailureCode.SubmissionInvalid, FailureCode.AgentUnknown, FailureCode.InputTooLarge];
        await Eventually.HoldsAsync(
            async () =>
            {
                await TakeAsync(connection, "invocations.resolver_error", dead);
                await TakeAsync(connection, "invocations.unrouted_error", dead);
                return codes.Sum(x => dead.GetValueOrDefault(x)) >= codes.Sum(x => told.GetValueOrDefault(x));
            },
            "every refusal was a dead letter");
        Assert.All(codes, x => Assert.Equal((x, told[x]), (x, dead[x])));
        Assert.Subset(codes.Append(FailureCode.IdempotencyConflict).Append("accepted").ToHashSet(), told.Keys.ToHashSet());
        Assert.Subset(codes.Append(FailureCode.IdempotencyConflict).ToHashSet(), dead.Keys.ToHashSet());
        foreach (var queue in new[] { "invocations.resolver", "invocations.unrouted" })
        {
            Assert.Equal(0u, await channel.MessageCountAsync(queue, TestContext.Current.CancellationToken));
        }
    }

    private static ValueTask PublishAsync(IChannel channel, HostileBodies bodies, string id, string replies)
    {
        var properties = new BasicProperties { DeliveryMode = DeliveryModes.Persistent, ReplyTo = replies, CorrelationId = id };
        if (bodies.Pick(ContentTypes) is { Length: > 0 } contentType)
        {
            properties.ContentType = contentType;
        }

        var body = bodies.Next();
        if (properties.ContentType?.StartsWith("application/vnd", StringComparison.Ordinal) == true && bodies.Random.Next(2) == 0)
        {
            body = Envelope(bodies, body);
        }

        if (bodies.Random.Next(4) == 0)
        {
            properties.ContentEncoding = bodies.Pick(["gzip", "x", "utf-8"]);
            properties.Expiration = bodies.Pick(["3600000", "86400000"]);
            properties.Headers = new Dictionary<string, object?>
            {
                [bodies.Pick(["MT-Request-Id", "MT-Host-Info", "MT-MessageType", "MT-Fault-Address", "MT-Response-Address", "RequestId", "ResponseAddress", "MessageId", "traceparent", "x"])] =
                    bodies.Random.Next(3) switch { 0 => bodies.Pick(["x", "", "not a uri", "{", "00000000-0000-0000-0000-000000000000"]), 1 => bodies.Random.Next(), _ => new List<object?> { 1, null } },
            };
        }

        return channel.BasicPublishAsync(QueueName.SubmissionExchange, bodies.Pick(RoutingKeys), true, properties, body, TestContext.Current.CancellationToken);
    }

    private static byte[] Envelope(HostileBodies bodies, byte[] message)
    {
        var types = bodies.Pick(["[\"urn:message:Pipeline.Contracts.Invocations:SubmitInvocation\"]", "[\"urn:message:A:B\"]", "[]", "null", "\"x\"", "[1]"]);
        var extra = bodies.Pick(["", ",\"responseAddress\":\"not a uri\"", ",\"messageId\":\"x\"", ",\"headers\":[]", ",\"sentTime\":\"x\"", ",\"host\":3", ",\"responseAddress\":\"rabbitmq://elsewhere/x\""]);
        return [.. Encoding.UTF8.GetBytes($$"""{"messageType":{{types}}{{extra}},"message":"""), .. message, (byte)'}'];
    }

    /// <summary>Empties the queue and counts the codes.</summary>
    private static async Task<int> TakeAsync(IConnection connection, string queue, Dictionary<string, int> codes)
    {
        try
        {
            await using var channel = await connection.CreateChannelAsync();
            var taken = 0;
            while (await channel.BasicGetAsync(queue, autoAck: true) is { } message)
            {
                taken++;
                var reason = message.BasicProperties.Headers?.TryGetValue("MT-Fault-Message", out var value) == true && value is byte[] bytes ? Encoding.UTF8.GetString(bytes) : "no reason";
                var code = reason.Split(':')[0];
                codes[code] = codes.GetValueOrDefault(code) + 1;
            }

            return taken;
        }
        catch (RabbitMQ.Client.Exceptions.OperationInterruptedException)
        {
            // The queue is made with its first message.
            return 0;
        }
    }
}
