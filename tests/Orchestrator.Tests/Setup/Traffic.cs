using System.Collections.Concurrent;
using MassTransit;
using Pipeline.Contracts.Invocations;

namespace Pipeline.Orchestrator.Tests.Setup;

/// <summary>
/// What went over the bus. A consumed message is counted after everything it led to has been sent, so whoever waits for it may say
/// that something else was not sent.
/// </summary>
public sealed class Traffic : IConsumeObserver, ISendObserver, IPublishObserver
{
    private readonly ConcurrentDictionary<Guid, int> _consumed = new();
    private readonly ConcurrentDictionary<Type, int> _consumedOfType = new();
    private readonly ConcurrentQueue<object> _sent = new();
    private readonly ConcurrentQueue<(Type Type, Exception Exception)> _faults = new();

    public IReadOnlyCollection<(Type Type, Exception Exception)> Faults => _faults;

    /// <summary>Every event in the order in which it was published.</summary>
    public IReadOnlyList<InvocationEvent> Events => [.. _sent.OfType<InvocationEvent>()];

    /// <summary>How often a message of this id was consumed.</summary>
    public int Consumed(Guid messageId) => _consumed.GetValueOrDefault(messageId);

    /// <summary>How many messages of this type were consumed, repetitions included.</summary>
    public int ConsumedMessages<T>() => _consumedOfType.GetValueOrDefault(typeof(T));

    public int Sent<T>() => _sent.OfType<T>().Count();

    public Task PreConsume<T>(ConsumeContext<T> context)
        where T : class => Task.CompletedTask;

    public Task PostConsume<T>(ConsumeContext<T> context)
        where T : class
    {
        _consumedOfType.AddOrUpdate(typeof(T), 1, (_, count) => count + 1);
        Count(context);
        return Task.CompletedTask;
    }

    public Task ConsumeFault<T>(ConsumeContext<T> context, Exception exception)
        where T : class
    {
        _faults.Enqueue((typeof(T), exception));
        Count(context);
        return Task.CompletedTask;
    }

    // Before the send: whoever has received a message must find it counted.
    public Task PreSend<T>(SendContext<T> context)
        where T : class
    {
        _sent.Enqueue(context.Message);
        return Task.CompletedTask;
    }

    public Task PostSend<T>(SendContext<T> context)
        where T : class => Task.CompletedTask;

    public Task SendFault<T>(SendContext<T> context, Exception exception)
        where T : class => Task.CompletedTask;

    // Before the send: whoever has received a message must find it counted.
    public Task PrePublish<T>(PublishContext<T> context)
        where T : class
    {
        _sent.Enqueue(context.Message);
        return Task.CompletedTask;
    }

    public Task PostPublish<T>(PublishContext<T> context)
        where T : class => Task.CompletedTask;

    public Task PublishFault<T>(PublishContext<T> context, Exception exception)
        where T : class => Task.CompletedTask;

    private void Count(ConsumeContext context)
    {
        if (context.MessageId is { } id)
        {
            _consumed.AddOrUpdate(id, 1, (_, count) => count + 1);
        }
    }
}
