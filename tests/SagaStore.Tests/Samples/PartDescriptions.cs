using Microsoft.EntityFrameworkCore;
using Pipeline.SagaStore.Outgoing;

namespace Pipeline.SagaStore.Tests.Samples;

/// <summary>Composes from the database what the saga only referred to.</summary>
public sealed class PartDescriptions(OrdersDbContext database) : IMessageComposer<PartReference>
{
    public async Task<object?> ComposeAsync(PartReference reference, CancellationToken cancellationToken)
    {
        var order = await database.Orders.AsNoTracking().SingleOrDefaultAsync(x => x.CorrelationId == reference.OrderId, cancellationToken);
        return order is null ? null : new PartDescription(reference.OrderId, reference.Number, $"part {reference.Number} of {order.Customer}, {order.Parts} in all");
    }
}
