using MassTransit;
using Pipeline.Contracts.ToolCalls;

namespace Pipeline.ToolWorkers.Tests.Fixtures;

/// <summary>Fails the next sends of answers: the process that dies between effect and answer.</summary>
internal sealed class FailingSends : ISendObserver
{
    private int _left;
    private int _failed;

    public int Failed => Volatile.Read(ref _failed);

    public void FailNext(int count) => Volatile.Write(ref _left, count);

    public Task PreSend<T>(SendContext<T> context)
        where T : class
    {
        if (typeof(T) == typeof(RunTool) || Interlocked.Decrement(ref _left) < 0)
        {
            return Task.CompletedTask;
        }

        Interlocked.Increment(ref _failed);
        throw new InvalidOperationException("The broker is gone.");
    }

    public Task PostSend<T>(SendContext<T> context)
        where T : class => Task.CompletedTask;

    public Task SendFault<T>(SendContext<T> context, Exception exception)
        where T : class => Task.CompletedTask;
}
