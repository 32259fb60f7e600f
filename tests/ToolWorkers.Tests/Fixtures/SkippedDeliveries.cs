using MassTransit;

namespace Pipeline.ToolWorkers.Tests.Fixtures;

/// <summary>Counts deliveries that no consumer took; the bus moves them to <c>_skipped</c>.</summary>
internal sealed class SkippedDeliveries : IReceiveObserver
{
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public Task PreReceive(ReceiveContext context) => Task.CompletedTask;

    public Task PostReceive(ReceiveContext context)
    {
        if (!context.IsDelivered)
        {
            Interlocked.Increment(ref _count);
        }

        return Task.CompletedTask;
    }

    public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType)
        where T : class => Task.CompletedTask;

    public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception)
        where T : class => Task.CompletedTask;

    public Task ReceiveFault(ReceiveContext context, Exception exception) => Task.CompletedTask;
}
