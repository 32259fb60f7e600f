using MassTransit;
using MassTransit.Serialization;
using Pipeline.SagaStore.Tests.Samples;

namespace Pipeline.SagaStore.Tests;

/// <summary>Sends that never return, as after a restart of the broker, until the test lets the next ones through.</summary>
internal sealed class HangingSends : IPublishObserver, ISendObserver
{
    private readonly TaskCompletionSource _never = new();
    private volatile bool _hangs = true;
    private int _hanging;

    public int Hanging => _hanging;

    public void Heal() => _hangs = false;

    public Task PrePublish<T>(PublishContext<T> context)
        where T : class => Hang<T>();

    public Task PreSend<T>(SendContext<T> context)
        where T : class => Hang<T>();

    public Task PostPublish<T>(PublishContext<T> context)
        where T : class => Task.CompletedTask;

    public Task PublishFault<T>(PublishContext<T> context, Exception exception)
        where T : class => Task.CompletedTask;

    public Task PostSend<T>(SendContext<T> context)
        where T : class => Task.CompletedTask;

    public Task SendFault<T>(SendContext<T> context, Exception exception)
        where T : class => Task.CompletedTask;

    // The event itself, and what the sweeper sends again.
    private Task Hang<T>()
    {
        if (!_hangs || (typeof(T) != typeof(PartAdded) && typeof(T) != typeof(SerializedMessageBody)))
        {
            return Task.CompletedTask;
        }

        Interlocked.Increment(ref _hanging);
        return _never.Task;
    }
}
