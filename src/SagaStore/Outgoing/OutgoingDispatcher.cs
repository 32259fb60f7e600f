using System.Collections.Concurrent;
using MassTransit;

namespace Pipeline.SagaStore.Outgoing;

/// <summary>Sends committed messages and knows which batches this process is sending or has seen confirmed.</summary>
internal sealed class OutgoingDispatcher(MessageComposers composers, TimeProvider time)
{
    // A redelivery can overlap the first delivery of the same message in this process: it waits for the first one's sends, not send again.
    private readonly ConcurrentDictionary<Guid, Task> _underWay = new();

    /// <summary>Says, before the commit, that this process will send the batch; until the result is disposed a duplicate waits.</summary>
    public IDisposable Announce(Guid batch)
    {
        var announced = new Announced(this, batch);
        _underWay[batch] = announced.Sent;
        return announced;
    }

    /// <summary>Sends what was kept back, to the endpoints it was sent to. Returns when the broker has confirmed everything.</summary>
    /// <exception cref="TimeoutException">Not confirmed in time; the messages stay in the table. A confirm can hang for ever after a broker restart.</exception>
    public Task SendAsync(IReadOnlyList<CapturedMessage> messages, TimeSpan limit, CancellationToken cancellationToken)
    {
        var sends = messages.Count == 1
            ? SendAsync(messages[0], cancellationToken)
            : CrashPoint.IsWatched(CrashPoint.BetweenSends)
                ? SendOneThenTheOthersAsync(messages, cancellationToken)
                : Task.WhenAll(messages.Select(x => SendAsync(x, cancellationToken)));
        return BoundedAsync(sends, limit, cancellationToken);
    }

    /// <summary>Sends a stored batch again, with the same message ids.</summary>
    public async Task SendAgainAsync(IReadOnlyList<StoredMessage> messages, ISendEndpointProvider endpoints, IServiceProvider scope, TimeSpan limit, CancellationToken cancellationToken)
    {
        async Task SendOneAsync(StoredMessage message)
        {
            var composed = message.Composer is null ? null : await composers.ComposeAsync(scope, message.Composer, message.Body, cancellationToken);
            await SendAsync(CapturedMessage.FromTable(message, await endpoints.GetSendEndpoint(message.Destination)) with { Composed = composed }, cancellationToken);
        }

        // One after the other: composers share the scope's DbContext.
        async Task SendAllAsync()
        {
            foreach (var message in messages)
            {
                await SendOneAsync(message);
            }
        }

        await BoundedAsync(SendAllAsync(), limit, cancellationToken);
    }

    /// <summary>Waits while this process is still sending the batch.</summary>
    public Task WhenSentAsync(Guid batch) => _underWay.TryGetValue(batch, out var sending) ? sending : Task.CompletedTask;

    // All at once, nothing is between two sends: by the first confirm the others are on their way too.
    private async Task SendOneThenTheOthersAsync(IReadOnlyList<CapturedMessage> messages, CancellationToken cancellationToken)
    {
        await SendAsync(messages[0], cancellationToken);
        CrashPoint.Reach(CrashPoint.BetweenSends);
        await Task.WhenAll(messages.Skip(1).Select(x => SendAsync(x, cancellationToken)));
    }

    private Task SendAsync(CapturedMessage captured, CancellationToken cancellationToken)
    {
        var pipe = new StoredMessagePipe(captured.Message, time);
        if (captured.Message.Composer is null)
        {
            return captured.SendOriginalAsync(pipe, cancellationToken);
        }

        return captured.Composed is null ? Task.CompletedTask : captured.Endpoint.Send(captured.Composed, pipe, cancellationToken);
    }

    private async Task BoundedAsync(Task sends, TimeSpan limit, CancellationToken cancellationToken)
    {
        try
        {
            await sends.WaitAsync(limit, time, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            // The send goes on without us, and its exception, if it ever comes, is of no more use.
            _ = sends.ContinueWith(static x => x.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            throw;
        }
    }

    private sealed class Announced(OutgoingDispatcher dispatcher, Guid batch) : IDisposable
    {
        private readonly TaskCompletionSource _sent = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Sent => _sent.Task;

        public void Dispose()
        {
            dispatcher._underWay.TryRemove(batch, out _);
            _sent.TrySetResult();
        }
    }
}
