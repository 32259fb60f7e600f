using System.Collections.Concurrent;
using System.Diagnostics;
using Pipeline.Contracts;
using RabbitMQ.Client;

namespace Pipeline.Chaos.Tests.Load;

/// <summary>
/// An upstream system: plain JSON, publisher confirms, and its own idempotency. What was not confirmed is published again with the same
/// message id; some submissions are published twice or three times though nothing went wrong, the copies later than others that follow.
/// </summary>
internal sealed class LoadPublisher(Uri broker, LoadShape shape, int seed) : IAsyncDisposable
{
    private static readonly TimeSpan ConfirmPatience = TimeSpan.FromSeconds(5);

    private readonly BrokerLink _link = new(broker, "load");
    private readonly SemaphoreSlim _window = new(shape.Window);
    private readonly Random _dice = new(seed);
    private int _repeated;
    private int _unconfirmed;

    /// <summary>When the broker confirmed each case; only those may be held against the pipeline.</summary>
    public ConcurrentDictionary<int, DateTime> Acknowledged { get; } = [];

    public int Attempted { get; private set; }

    /// <summary>Further publishes of a case on purpose.</summary>
    public int Repeated => _repeated;

    /// <summary>Publishes that had to be repeated because no confirm came.</summary>
    public int Unconfirmed => _unconfirmed;

    /// <summary>Publishes the cases from <paramref name="first"/> on; returns when all of them are confirmed.</summary>
    /// <param name="first">The first case.</param>
    /// <param name="count">How many.</param>
    /// <param name="open">How many invocations are open; the load waits while there are more than its shape allows.</param>
    /// <param name="cancellationToken">Ends the load early.</param>
    public async Task PublishAsync(int first, int count, Func<int> open, CancellationToken cancellationToken)
    {
        var late = new List<int>();
        var publishing = new ConcurrentDictionary<Task, byte>();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var started = Stopwatch.GetTimestamp();
        var due = 0d;
        try
        {
            for (var number = first; number < first + count;)
            {
                await pace.WaitForNextTickAsync(cancellationToken);
                // At most a second's worth: what could not be submitted while the broker was away does not come all at once.
                due = Math.Min(due + (Stopwatch.GetElapsedTime(started).TotalSeconds * shape.Rate), shape.Rate);
                started = Stopwatch.GetTimestamp();
                if (open() > shape.MostOpen)
                {
                    due = 0;
                    continue;
                }

                for (; due >= 1 && number < first + count; due--, number++)
                {
                    await StartAsync(number, publishing, cancellationToken);
                    Attempted++;
                    if (_dice.NextDouble() < shape.RepeatedShare)
                    {
                        late.AddRange(Enumerable.Repeat(number, _dice.Next(1, 3)));
                    }

                    // The copies come after others that were submitted later: reordered, not only repeated.
                    while (late.Count > 20)
                    {
                        await RepeatAsync(late, publishing, cancellationToken);
                    }
                }
            }

            while (late.Count > 0)
            {
                await RepeatAsync(late, publishing, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Enough was submitted: what is under way is still confirmed.
        }

        await Task.WhenAll(publishing.Keys);
    }

    public async ValueTask DisposeAsync()
    {
        await _link.DisposeAsync();
        _window.Dispose();
    }

    private async Task RepeatAsync(List<int> late, ConcurrentDictionary<Task, byte> publishing, CancellationToken cancellationToken)
    {
        var index = _dice.Next(late.Count);
        _repeated++;
        await StartAsync(late[index], publishing, cancellationToken);
        late.RemoveAt(index);
    }

    private async Task StartAsync(int number, ConcurrentDictionary<Task, byte> publishing, CancellationToken cancellationToken)
    {
        await _window.WaitAsync(cancellationToken);
        var task = PublishOneAsync(number);
        publishing[task] = 0;
        _ = task.ContinueWith(x => publishing.TryRemove(x, out _), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
    }

    private async Task PublishOneAsync(int number)
    {
        try
        {
            while (true)
            {
                var channel = await _link.ChannelAsync(CancellationToken.None);
                try
                {
                    var properties = new BasicProperties { ContentType = "application/json", MessageId = CaseBook.KeyOf(number), DeliveryMode = DeliveryModes.Persistent };
                    // Our own limit: a confirm can stay out for ever after a broker restart.
                    await channel.BasicPublishAsync(QueueName.SubmissionExchange, CaseBook.Agent, mandatory: true, properties, CaseBook.BodyOf(number)).AsTask().WaitAsync(ConfirmPatience);
                    Acknowledged.TryAdd(number, DateTime.UtcNow);
                    return;
                }
#pragma warning disable CA1031 // No confirm, for whatever reason: publish again.
                catch (Exception)
#pragma warning restore CA1031
                {
                    Interlocked.Increment(ref _unconfirmed);
                    await _link.DropAsync(channel);
                }
            }
        }
        finally
        {
            _window.Release();
        }
    }
}
