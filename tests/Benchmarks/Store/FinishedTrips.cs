using System.Collections.Concurrent;
using MassTransit;

namespace Pipeline.Benchmarks.Store;

/// <summary>Tells the load when a saga's last event was consumed, the store's commit included.</summary>
internal sealed class FinishedTrips : IConsumeMessageObserver<FinishTrip>
{
    private readonly ConcurrentDictionary<Guid, TaskCompletionSource> _awaited = new();
    private int _failures;

    /// <summary>Deliveries that ended in an exception.</summary>
    public int Failures => Volatile.Read(ref _failures);

    public Task Expect(Guid trip)
    {
        var finished = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _awaited[trip] = finished;
        return finished.Task;
    }

    public Task PreConsume(ConsumeContext<FinishTrip> context) => Task.CompletedTask;

    public Task PostConsume(ConsumeContext<FinishTrip> context)
    {
        if (_awaited.TryRemove(context.Message.TripId, out var finished))
        {
            finished.TrySetResult();
        }

        return Task.CompletedTask;
    }

    public Task ConsumeFault(ConsumeContext<FinishTrip> context, Exception exception)
    {
        Interlocked.Increment(ref _failures);
        return Task.CompletedTask;
    }
}
