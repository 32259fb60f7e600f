using MassTransit;
using Pipeline.Fixtures;
using Pipeline.SagaStore.Tests.Samples;
using RabbitMQ.Client;

namespace Pipeline.SagaStore.Tests;

/// <summary>The store between a real broker and a real database: two hosts that compete for one queue, as two processes do.</summary>
[Trait("Category", "Long")]
public sealed class RabbitMqStoreTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(64)]
    [InlineData(256)]
    public async Task A_storm_of_events_for_one_saga_ends_without_an_error(int events)
    {
        await using var broker = await RabbitMqVirtualHost.CreateAsync();
        await using var one = await OrderFixture.StartAsync("Postgres", broker: broker);
        await using var two = await OrderFixture.StartAsync("Postgres", sharedDatabase: one.Database, broker: broker);
        var id = await SubmitAsync(one, two);

        await Task.WhenAll(Enumerable.Range(0, events).Select(x => one.SendAsync(new AddPart(id, x))));

        await Eventually.HoldsAsync(() => Task.FromResult(one.ConsumedCount<AddPart>() + two.ConsumedCount<AddPart>() >= events), $"{events} events are consumed");
        Assert.Equal(events, (await one.OrderAsync(id))!.Parts);
        await Eventually.HoldsAsync(
            () => Task.FromResult(one.ReceivedIds<PartAdded>().Concat(two.ReceivedIds<PartAdded>()).Distinct().Count() == events),
            $"{events} messages of the saga arrive");
        Assert.Equal(0u, await MessagesIn(broker, "order_error"));
        Assert.Equal(0u, await MessagesIn(broker, "order_skipped"));
    }

    [Fact]
    public async Task An_exception_of_two_megabytes_ends_in_the_error_queue_and_harms_nothing_else()
    {
        await using var broker = await RabbitMqVirtualHost.CreateAsync();
        await using var orders = await OrderFixture.StartAsync("Postgres", broker: broker);
        var id = await SubmitAsync(orders);

        await orders.SendAsync(new FailLoudly(id, 2 * 1024 * 1024));

        await Eventually.HoldsAsync(async () => await MessagesIn(broker, "order_error") == 1, "the message is in order_error");
        await orders.SendAsync(new AddPart(id, 1));
        await Eventually.HoldsAsync(() => Task.FromResult(orders.ConsumedCount<AddPart>() == 1), "the next event is consumed");
        Assert.Equal(1, (await orders.OrderAsync(id))!.Parts);
    }

    private static async Task<Guid> SubmitAsync(params OrderFixture[] hosts)
    {
        var id = NewId.NextGuid();
        await hosts[0].SendAsync(new SubmitOrder(id, "ann"));
        await Eventually.HoldsAsync(() => Task.FromResult(hosts.Sum(x => x.ConsumedCount<SubmitOrder>()) == 1), "the order is there");
        return id;
    }

    /// <summary>Zero also where the queue was never declared: the bus makes these when it first needs them.</summary>
    private static async Task<uint> MessagesIn(RabbitMqVirtualHost broker, string queue)
    {
        await using var connection = await new ConnectionFactory { Uri = broker.Uri }.CreateConnectionAsync(Cancellation);
        await using var channel = await connection.CreateChannelAsync(cancellationToken: Cancellation);
        try
        {
            return await channel.MessageCountAsync(queue, Cancellation);
        }
        catch (RabbitMQ.Client.Exceptions.OperationInterruptedException e) when (e.ShutdownReason?.ReplyCode == 404)
        {
            return 0;
        }
    }
}
