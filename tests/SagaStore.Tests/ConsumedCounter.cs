using System.Collections.Concurrent;
using MassTransit;

namespace Pipeline.SagaStore.Tests;

/// <summary>Counts deliveries by message type.</summary>
internal sealed class ConsumedCounter : IConsumeObserver
{
    private readonly ConcurrentDictionary<Type, int> _counts = new();

    /// <summary>Deliveries that ended with an exception.</summary>
    public int Faults { get; private set; }

    public int Count(Type type) => _counts.GetValueOrDefault(type);

    public Task PreConsume<T>(ConsumeContext<T> context)
        where T : class => Task.CompletedTask;

    public Task PostConsume<T>(ConsumeContext<T> context)
        where T : class
    {
        _counts.AddOrUpdate(typeof(T), 1, (_, count) => count + 1);
        return Task.CompletedTask;
    }

    public Task ConsumeFault<T>(ConsumeContext<T> context, Exception exception)
        where T : class
    {
        Faults++;
        return Task.CompletedTask;
    }
}
