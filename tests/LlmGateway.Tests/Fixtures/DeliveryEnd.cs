using MassTransit;

namespace Pipeline.LlmGateway.Tests.Fixtures;

/// <summary>How the first delivery on a queue ended: null where it was acknowledged, else why it was not.</summary>
internal sealed class DeliveryEnd(string queue) : IReceiveObserver
{
    private readonly TaskCompletionSource<Exception?> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<Exception?> Ended => _ended.Task;

    public Task PreReceive(ReceiveContext context) => Task.CompletedTask;

    public Task PostReceive(ReceiveContext context) => EndAsync(context, null);

    public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType)
        where T : class => Task.CompletedTask;

    public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception)
        where T : class => Task.CompletedTask;

    public Task ReceiveFault(ReceiveContext context, Exception exception) => EndAsync(context, exception);

    private Task EndAsync(ReceiveContext context, Exception? exception)
    {
        if (context.InputAddress.AbsolutePath.EndsWith(queue, StringComparison.Ordinal))
        {
            _ended.TrySetResult(exception);
        }

        return Task.CompletedTask;
    }
}
