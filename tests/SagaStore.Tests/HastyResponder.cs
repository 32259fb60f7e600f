using MassTransit;
using Pipeline.SagaStore.Tests.Samples;

namespace Pipeline.SagaStore.Tests;

/// <summary>Answers the moment it hears of an order. The saga throws the answer away if its row is not there yet.</summary>
internal sealed class HastyResponder : IConsumer<OrderSubmitted>
{
    public async Task Consume(ConsumeContext<OrderSubmitted> context)
    {
        var endpoint = await context.GetSendEndpoint(new Uri("exchange:order"));
        await endpoint.Send(new AddPart(context.Message.OrderId, 1), context.CancellationToken);
    }
}
