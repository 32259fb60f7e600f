using System.Collections.Concurrent;
using System.Text.Json;
using RabbitMQ.Client;
using RabbitMQ.Client.Events;
using RabbitMQ.Client.Exceptions;

namespace Pipeline.PublisherSample;

/// <summary>
/// Publishes submissions to the pipeline and accounts for every one of them. With confirms, refused and returned ones are known at once. Without,
/// a message that the broker refuses (queue full, no memory, a lost connection) vanishes without a word: only what the pipeline answered counts
/// as accepted then, and all others are reported as 'unknown'. Publish those again under the same key, or ask GET /invocations.
/// Input, output, states and exit codes are those of ../python/publisher.py.
/// </summary>
internal sealed class Publisher(Settings settings)
{
    private const string Invocations = "pipeline.invocations";
    private const string Events = "pipeline.events";
    private static readonly string[] Terminal = ["completed", "failed", "cancelled", "expired"];
    private static readonly string[] Well = ["accepted", "confirmed", "completed"];

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Submission> _byKey = settings.Submissions.ToDictionary(x => x.Key);
    private readonly ConcurrentDictionary<string, Submission> _byId = new();
    private readonly TimeProvider _time = TimeProvider.System;
    private IConnection _connection = null!;
    private IChannel _channel = null!;
    private string _queue = "";
    private int _answers;

    public async Task<int> RunAsync(CancellationToken stop)
    {
        try
        {
            await PublishAndWaitAsync(stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
        catch (BrokerUnreachableException e)
        {
            await Console.Error.WriteLineAsync($"error: no broker answers, or it refuses this account: {e.InnerException?.Message ?? e.Message}");
            Report();
            return 3;
        }

        var code = Report();
        if (_connection is not null)
        {
            await _connection.DisposeAsync();
        }

        return code;
    }

    private async Task PublishAndWaitAsync(CancellationToken stop)
    {
        await ConnectAsync(stop);
        long? deadline = null;
        while (true)
        {
            try
            {
                // 64 at a time: a window of unconfirmed messages, not an unbounded buffer.
                foreach (var window in settings.Submissions.Where(ToPublish).ToList().Chunk(64))
                {
                    stop.ThrowIfCancellationRequested();
                    await Task.WhenAll(window.Select(x => PublishAsync(x, stop)));
                }

                if (deadline is null)
                {
                    // An answer to this means that the broker has taken in everything before it, returns included.
                    await _channel.QueueDeclarePassiveAsync(_queue, stop);
                    await Console.Error.WriteLineAsync($"published {settings.Submissions.Count(x => x.Attempts > 0)}");
                    deadline = Now() + (long)settings.Timeout.TotalMilliseconds;
                }
            }
            catch (Exception e) when (e is AlreadyClosedException or OperationInterruptedException)
            {
                // What is not known is published again under its key: the pipeline sees the same invocation.
                foreach (var submission in settings.Submissions.Where(x => settings.Confirms && x.State == "unknown"))
                {
                    submission.State = "unsent";
                }

                await ConnectAsync(stop);
                continue;
            }

            if (!settings.Submissions.Any(IsOpen) || Now() >= deadline)
            {
                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), _time, stop);
        }
    }

    private async Task ConnectAsync(CancellationToken stop)
    {
        // Reconnecting is done here, with a new queue for answers; the client's own recovery would hide what was lost.
        var factory = new ConnectionFactory { Uri = settings.Url, AutomaticRecoveryEnabled = false };
        for (var until = Now() + 30_000; ; await Task.Delay(TimeSpan.FromMilliseconds(500), _time, stop))
        {
            try
            {
                _connection = await factory.CreateConnectionAsync(stop);
                break;
            }
            catch (BrokerUnreachableException) when (Now() < until)
            {
            }
        }

        // Listen before publishing: an event that nobody is bound for is gone.
        var listening = await _connection.CreateChannelAsync(cancellationToken: stop);
        _queue = $"upstream.{Guid.CreateVersion7():N}";
        await listening.QueueDeclareAsync(_queue, durable: false, exclusive: true, autoDelete: true, cancellationToken: stop);
        foreach (var key in settings.Submissions.Select(x => $"{x.Tenant}.{x.Agent}.*").Distinct())
        {
            await listening.QueueBindAsync(_queue, Events, key, cancellationToken: stop);
        }

        var consumer = new AsyncEventingBasicConsumer(listening);
        consumer.ReceivedAsync += (_, delivery) =>
        {
            Receive(delivery.BasicProperties.CorrelationId, delivery.Body);
            return Task.CompletedTask;
        };
        await listening.BasicConsumeAsync(_queue, autoAck: true, consumer, stop);
        _channel = await _connection.CreateChannelAsync(new CreateChannelOptions(settings.Confirms, settings.Confirms), stop);
        _channel.BasicReturnAsync += (_, returned) =>
        {
            if (_byKey.TryGetValue(returned.BasicProperties.CorrelationId ?? "", out var submission))
            {
                Set(submission, "returned", returned.ReplyText);
            }

            return Task.CompletedTask;
        };
    }

    private async Task PublishAsync(Submission submission, CancellationToken stop)
    {
        submission.Attempts++;
        Set(submission, "unknown", null);
        var properties = new BasicProperties
        {
            ContentType = "application/json",
            DeliveryMode = DeliveryModes.Persistent,
            MessageId = submission.Key,
            CorrelationId = submission.Key,
            ReplyTo = _queue,
        };
        try
        {
            await _channel.BasicPublishAsync(Invocations, submission.Agent, mandatory: true, properties, JsonSerializer.SerializeToUtf8Bytes(submission.Body), stop);
            if (settings.Confirms)
            {
                SetIfUnknown(submission, "confirmed", null);
            }
        }
        catch (PublishException e) when (e.IsReturn)
        {
            SetIfUnknown(submission, "returned", $"no queue takes the agent '{submission.Agent}'");
        }
        catch (PublishException) when (_channel.IsOpen)
        {
            // The last wall: the queue is full. Keep it, wait, try again.
            submission.Due = Now() + Math.Min(30_000, 1000L << Math.Min(submission.Attempts, 6));
            SetIfUnknown(submission, "refused", null);
        }
    }

    private void Receive(string? correlationId, ReadOnlyMemory<byte> body)
    {
        string name, id;
        JsonElement answer;
        try
        {
            answer = JsonSerializer.Deserialize<JsonElement>(body.Span);
            (name, id) = (answer.GetProperty("event").GetString() ?? "", answer.GetProperty("invocationId").GetString() ?? "");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            Console.Error.WriteLine($"not understood: {e.Message}");
            return;
        }

        if ((_byKey.GetValueOrDefault(correlationId ?? "") ?? _byId.GetValueOrDefault(id)) is not { } submission)
        {
            return;
        }

        lock (_lock)
        {
            var ends = Terminal.Contains(name) || name == "rejected";
            if (Terminal.Contains(submission.State) || submission.State is "rejected" || !(ends || name == "deferred" || (name == "accepted" && submission.State != "accepted")))
            {
                // Told twice: events come at least once.
                return;
            }

            submission.State = name;
            submission.Detail = answer.TryGetProperty("code", out var code) ? code.GetString() : null;
            submission.Due = Now() + (answer.TryGetProperty("retryAfterSeconds", out var seconds) ? seconds.GetInt32() * 1000L : 1000);
            submission.InvocationId = id;
            _byId[id] = submission;
            Console.Error.WriteLine($"answered {++_answers}");
        }
    }

    private int Report()
    {
        string State(Submission x) => x is { State: "unsent", Attempts: > 0 } ? "unknown" : x.State;
        foreach (var x in settings.Submissions)
        {
            Console.WriteLine(JsonSerializer.Serialize(new { idempotencyKey = x.Key, state = State(x), invocationId = x.InvocationId, detail = x.Detail }));
        }

        var counts = settings.Submissions.GroupBy(State).ToDictionary(x => x.Key, x => x.Count());
        Console.WriteLine(JsonSerializer.Serialize(new { summary = counts, submissions = settings.Submissions.Count }));
        return counts.Keys.All(Well.Contains) ? 0 : 1;
    }

    private bool ToPublish(Submission x) => x.State == "unsent" || (x.State == "deferred" && x.Due <= Now()) || (x.State == "refused" && x.Attempts < settings.Attempts && x.Due <= Now());

    private bool IsOpen(Submission x) =>
        x.State is "unsent" or "deferred" or "unknown" or "confirmed" || (settings.Wait && x.State == "accepted") || (x.State == "refused" && x.Attempts < settings.Attempts);

    private void Set(Submission submission, string state, string? detail)
    {
        lock (_lock)
        {
            (submission.State, submission.Detail) = (state, detail);
        }
    }

    // The answer, and a return, may have come before the confirm.
    private void SetIfUnknown(Submission submission, string state, string? detail)
    {
        lock (_lock)
        {
            if (submission.State == "unknown")
            {
                (submission.State, submission.Detail) = (state, detail);
            }
        }
    }

    private long Now() => (long)_time.GetElapsedTime(0, _time.GetTimestamp()).TotalMilliseconds;
}
