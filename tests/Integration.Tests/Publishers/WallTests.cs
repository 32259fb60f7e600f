using System.Text;
using System.Text.Json;
using Pipeline.Fixtures;
using RabbitMQ.Client;

namespace Pipeline.Integration.Tests.Publishers;

/// <summary>
/// The sample publishers at the last wall: a queue of submissions that is full, refuses, and is drained by nobody. What a publisher sent is
/// either in the queue or reported by it: nothing vanishes unreported.
/// </summary>
public sealed class WallTests : IAsyncLifetime
{
    // Many more than there is room for: a quorum queue refuses only after what was in flight has come in.
    private const int Sent = 400;
    private const int Room = 10;
    private const string Queue = "invocations.resolver";

    private readonly string _file = Path.GetTempFileName();
    private RabbitMqVirtualHost _broker = null!;
    private IConnection _connection = null!;
    private IChannel _channel = null!;

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllLinesAsync(_file, Enumerable.Range(0, Sent).Select(x => $$"""{"tenant":"acme","agent":"resolver","input":"case {{x}}","idempotencyKey":"case-{{x}}"}"""));
        if (TestServers.RabbitMq is null)
        {
            // Each test says so and is skipped.
            return;
        }

        _broker = await RabbitMqVirtualHost.CreateAsync();
        _connection = await new ConnectionFactory { Uri = _broker.Uri }.CreateConnectionAsync();
        _channel = await _connection.CreateChannelAsync();
        await _channel.ExchangeDeclareAsync("pipeline.invocations", ExchangeType.Direct, durable: true);
        await _channel.ExchangeDeclareAsync("pipeline.events", ExchangeType.Topic, durable: true);
        await BuildWallAsync("quorum");
    }

    public async ValueTask DisposeAsync()
    {
        File.Delete(_file);
        if (_broker is not null)
        {
            await _connection.DisposeAsync();
            await _broker.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("python")]
    [InlineData("node")]
    [InlineData("csharp")]
    public async Task With_confirms_every_submission_is_in_the_queue_or_reported_as_refused(string language)
    {
        Assert.SkipWhen(_broker is null, "PIPELINE_TEST_RABBITMQ names no RabbitMQ; scripts/test.sh starts one.");
        await using var publisher = PublisherProcess.Start(language, _broker.Uri, _file, "--attempts", "1", "--timeout", "0");

        var (states, exitCode) = await publisher.ReportAsync();

        var queued = await DrainAsync(answer: false);
        Assert.Equal(Sent, states.Count);
        Assert.Equal(queued.Order(), states.Where(x => x.Value == "confirmed").Select(x => x.Key).Order());
        Assert.Equal(Sent - queued.Count, states.Count(x => x.Value == "refused"));
        Assert.True(queued.Count is >= Room and < Sent, $"{queued.Count} got through: the wall did not stand.");
        Assert.Equal(1, exitCode);
    }

    [Theory]
    [InlineData("python")]
    [InlineData("node")]
    [InlineData("csharp")]
    public async Task Without_confirms_only_what_was_answered_counts_and_all_else_is_reported_as_unknown(string language)
    {
        Assert.SkipWhen(_broker is null, "PIPELINE_TEST_RABBITMQ names no RabbitMQ; scripts/test.sh starts one.");
        // A quorum queue learns of its limit some time after the messages: four hundred of a publisher that waits for nothing are in by then.
        await BuildWallAsync("classic");
        await using var publisher = PublisherProcess.Start(language, _broker.Uri, _file, "--no-confirms", "--timeout", "600");
        await publisher.SaysAsync($"published {Sent}");

        // Only now does somebody drain: what the wall refused is gone, and nobody has told the publisher.
        var queued = await DrainAsync(answer: true);
        await publisher.SaysAsync($"answered {queued.Count}");
        publisher.Terminate();
        var (states, exitCode) = await publisher.ReportAsync();

        Assert.Equal(Sent, states.Count);
        Assert.Equal(queued.Order(), states.Where(x => x.Value == "accepted").Select(x => x.Key).Order());
        Assert.Equal(Sent - queued.Count, states.Count(x => x.Value == "unknown"));
        Assert.True(queued.Count is >= Room and < Sent, $"{queued.Count} got through: the wall did not stand.");
        Assert.Equal(1, exitCode);
    }

    [Theory]
    [InlineData("python")]
    [InlineData("node")]
    [InlineData("csharp")]
    public async Task A_submission_that_no_queue_takes_is_reported_as_returned(string language)
    {
        Assert.SkipWhen(_broker is null, "PIPELINE_TEST_RABBITMQ names no RabbitMQ; scripts/test.sh starts one.");
        await File.WriteAllTextAsync(_file, """{"tenant":"acme","agent":"nobody","input":"x","idempotencyKey":"k"}""", TestContext.Current.CancellationToken);
        foreach (var option in new[] { "--wait", "--no-confirms" })
        {
            await using var publisher = PublisherProcess.Start(language, _broker.Uri, _file, option, "--timeout", "0");

            var (states, exitCode) = await publisher.ReportAsync();

            Assert.Equal("returned", states["k"]);
            Assert.Equal(1, exitCode);
        }
    }

    private async Task BuildWallAsync(string type)
    {
        await _channel.QueueDeleteAsync(Queue);
        await _channel.QueueDeclareAsync(Queue, durable: true, exclusive: false, autoDelete: false, new Dictionary<string, object?>
        {
            ["x-queue-type"] = type,
            ["x-max-length"] = Room,
            ["x-overflow"] = "reject-publish",
        });
        await _channel.QueueBindAsync(Queue, "pipeline.invocations", "resolver");
    }

    /// <summary>Takes all there is, in the orchestrator's place.</summary>
    private async Task<List<string>> DrainAsync(bool answer)
    {
        var keys = new List<string>();
        while (await _channel.BasicGetAsync(Queue, autoAck: true, TestContext.Current.CancellationToken) is { } delivery)
        {
            using var body = JsonDocument.Parse(delivery.Body);
            keys.Add(body.RootElement.GetProperty("idempotencyKey").GetString()!);
            if (answer)
            {
                var accepted = $$"""{"invocationId":"{{Guid.NewGuid()}}","tenant":"acme","agent":"resolver","event":"accepted","at":"2026-11-20T12:00:00Z"}""";
                await _channel.BasicPublishAsync(
                    "",
                    delivery.BasicProperties.ReplyTo!,
                    mandatory: true,
                    new BasicProperties { CorrelationId = delivery.BasicProperties.CorrelationId, ContentType = "application/json" },
                    Encoding.UTF8.GetBytes(accepted),
                    TestContext.Current.CancellationToken);
            }
        }

        return keys;
    }
}
