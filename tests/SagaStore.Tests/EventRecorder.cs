using MassTransit;
using Pipeline.SagaStore.Tests.Samples;

namespace Pipeline.SagaStore.Tests;

/// <summary>Subscribes to the events of the sample saga.</summary>
internal sealed class EventRecorder(ReceivedEvents received) : IConsumer<OrderSubmitted>, IConsumer<PartAdded>, IConsumer<OrderDone>
{
    public Task Consume(ConsumeContext<OrderSubmitted> context) => Record(context);

    public Task Consume(ConsumeContext<PartAdded> context) => Record(context);

    public Task Consume(ConsumeContext<OrderDone> context) => Record(context);

    private Task Record<T>(ConsumeContext<T> context)
        where T : class
    {
        received.Add<T>(context.MessageId!.Value);
        return Task.CompletedTask;
    }
}
