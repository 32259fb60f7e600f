using MassTransit;
using Pipeline.Contracts.Completions;
using Pipeline.Contracts.Invocations;
using Pipeline.Contracts.ToolCalls;
using Pipeline.Orchestrator.Invocations;

namespace Pipeline.Orchestrator.Streams;

/// <summary>Wakes the streams of an invocation when this process has consumed an event of it: the entry is committed by then.</summary>
internal sealed class TimelineSignal(TimelineWatchers watchers) : IConsumeObserver
{
    public Task PreConsume<T>(ConsumeContext<T> context)
        where T : class => Task.CompletedTask;

    public Task PostConsume<T>(ConsumeContext<T> context)
        where T : class
    {
        Guid? id = context.Message switch
        {
            CompletionReceived x => x.InvocationId,
            CompletionFailed x => x.InvocationId,
            ToolSucceeded x => x.InvocationId,
            ToolFailed x => x.InvocationId,
            InvocationTimerElapsed x => x.InvocationId,
            CancelInvocation x => x.InvocationId,
            _ => null,
        };
        if (id is { } invocationId)
        {
            watchers.Signal(invocationId);
        }

        return Task.CompletedTask;
    }

    public Task ConsumeFault<T>(ConsumeContext<T> context, Exception exception)
        where T : class => Task.CompletedTask;
}
