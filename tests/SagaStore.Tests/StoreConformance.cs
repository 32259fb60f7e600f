using MassTransit;
using MassTransit.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Fixtures;
using Pipeline.SagaStore.Outgoing;
using Pipeline.SagaStore.Tests.Samples;

namespace Pipeline.SagaStore.Tests;

/// <summary>What the store promises on every database. One derived class for each.</summary>
public abstract class StoreConformance(string provider)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_first_event_inserts_the_row_and_its_messages_leave()
    {
        await using var orders = await OrderFixture.StartAsync(provider);
        var id = NewId.NextGuid();

        await orders.SendAsync(new SubmitOrder(id, "ann"));

        Assert.True(await orders.Harness.Published.Any<OrderSubmitted>(x => x.Context.Message.OrderId == id, Cancellation));
        var order = await orders.OrderAsync(id);
        Assert.Equal("Open", order?.CurrentState);
        Assert.Equal("ann", order?.Customer);
    }

    [Fact]
    public async Task Confirmed_messages_are_removed_from_the_table()
    {
        await using var orders = await OrderFixture.StartAsync(provider, x => x.RemoveInterval = TimeSpan.FromMilliseconds(1));
        await orders.SendAsync(new SubmitOrder(NewId.NextGuid(), "ann"));
        Assert.True(await orders.Harness.Published.Any<OrderSubmitted>(Cancellation));
        await Eventually.HoldsAsync(async () => (await orders.OutgoingAsync()).Count == 0, "the outgoing table is empty");
    }

    [Fact]
    public async Task The_same_message_three_times_at_once_is_consumed_once()
    {
        await using var orders = await OrderFixture.StartAsync(provider);
        var id = NewId.NextGuid();
        await orders.SendAsync(new SubmitOrder(id, "ann"));
        Assert.True(await orders.Harness.Published.Any<OrderSubmitted>(Cancellation));
        var messageId = NewId.NextGuid();

        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => orders.SendAsync(new AddPart(id, 1), messageId)));

        await Consumed<AddPart>(orders, 3);
        Assert.Equal(1, (await orders.OrderAsync(id))!.Parts);
        Assert.Single(PublishedIds<PartAdded>(orders));
    }

    [Fact]
    public async Task The_same_first_message_three_times_at_once_makes_one_saga()
    {
        await using var orders = await OrderFixture.StartAsync(provider);
        var id = NewId.NextGuid();
        var messageId = NewId.NextGuid();

        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => orders.SendAsync(new SubmitOrder(id, "ann"), messageId)));

        await Consumed<SubmitOrder>(orders, 3);
        Assert.NotNull(await orders.OrderAsync(id));
        Assert.Single(PublishedIds<OrderSubmitted>(orders));
    }

    [Fact]
    public async Task An_event_for_a_missing_instance_changes_nothing()
    {
        await using var orders = await OrderFixture.StartAsync(provider);
        var id = NewId.NextGuid();

        await orders.SendAsync(new AddPart(id, 1));

        await Consumed<AddPart>(orders, 1);
        Assert.Null(await orders.OrderAsync(id));
        Assert.False(orders.Harness.Published.Select<PartAdded>(Cancellation).Any());
    }

    [Fact]
    public async Task A_question_is_answered_and_writes_nothing()
    {
        await using var orders = await OrderFixture.StartAsync(provider);
        var id = NewId.NextGuid();
        await orders.SendAsync(new SubmitOrder(id, "ann"));
        Assert.True(await orders.Harness.Published.Any<OrderSubmitted>(Cancellation));
        var versionBefore = await RowVersion(orders, id);

        var client = orders.Harness.Bus.CreateRequestClient<QuestionOrder>(new Uri("exchange:order"));
        var answer = await client.GetResponse<OrderAnswer, OrderMissing>(new QuestionOrder(id), Cancellation);
        var missing = await client.GetResponse<OrderAnswer, OrderMissing>(new QuestionOrder(NewId.NextGuid()), Cancellation);

        Assert.True(answer.Is(out Response<OrderAnswer>? found));
        Assert.Equal("Open", found.Message.State);
        Assert.True(missing.Is(out Response<OrderMissing>? _));
        Assert.Equal(versionBefore, await RowVersion(orders, id));
    }

    [Fact]
    public async Task An_event_correlated_by_query_reaches_every_instance_once()
    {
        await using var orders = await OrderFixture.StartAsync(provider);
        var ids = Enumerable.Range(0, 5).Select(_ => NewId.NextGuid()).ToList();
        foreach (var id in ids)
        {
            await orders.SendAsync(new SubmitOrder(id, "ann"));
        }

        await orders.SendAsync(new SubmitOrder(NewId.NextGuid(), "bob"));
        await Consumed<SubmitOrder>(orders, 6);
        var messageId = NewId.NextGuid();

        await orders.SendAsync(new GreetCustomer("ann"), messageId);
        await orders.SendAsync(new GreetCustomer("ann"), messageId);

        await Consumed<GreetCustomer>(orders, 2);
        var greeted = orders.Harness.Published.Select<CustomerGreeted>(Cancellation).Select(x => x.Context.Message.OrderId).ToList();
        Assert.Equal(ids.Order(), greeted.Distinct().Order());
    }

    [Fact]
    public async Task An_event_that_reached_only_some_of_its_instances_reaches_the_others_when_it_comes_again()
    {
        await using var orders = await OrderFixture.StartAsync(provider);
        var messageId = NewId.NextGuid();
        var first = NewId.NextGuid();
        await orders.SendAsync(new SubmitOrder(first, "ann"));
        await Consumed<SubmitOrder>(orders, 1);
        await orders.SendAsync(new GreetCustomer("ann"), messageId);
        await Consumed<GreetCustomer>(orders, 1);
        var second = NewId.NextGuid();
        await orders.SendAsync(new SubmitOrder(second, "ann"));
        await Consumed<SubmitOrder>(orders, 2);

        await orders.SendAsync(new GreetCustomer("ann"), messageId);

        await Consumed<GreetCustomer>(orders, 2);
        var greeted = orders.Harness.Published.Select<CustomerGreeted>(Cancellation).Select(x => x.Context.Message.OrderId).ToList();
        Assert.Equal([first, second], greeted);
    }

    [Fact]
    public async Task Writers_in_two_processes_lose_no_update()
    {
        await using var one = await OrderFixture.StartAsync(provider);
        await using var shared = await SharedAsync(one);
        var id = NewId.NextGuid();
        await one.SendAsync(new SubmitOrder(id, "ann"));
        Assert.True(await one.Harness.Published.Any<OrderSubmitted>(Cancellation));

        await Task.WhenAll(Enumerable.Range(0, 64).Select(x => (x % 2 == 0 ? one : shared).SendAsync(new AddPart(id, x))));

        await Consumed<AddPart>(one, 32);
        await Consumed<AddPart>(shared, 32);
        Assert.Equal(64, (await one.OrderAsync(id))!.Parts);
        Assert.False(one.Harness.Published.Select<Fault>(Cancellation).Any());
        Assert.False(shared.Harness.Published.Select<Fault>(Cancellation).Any());
    }

    [Fact]
    public async Task An_event_that_throws_leaves_neither_state_nor_messages()
    {
        await using var orders = await OrderFixture.StartAsync(provider);
        var id = NewId.NextGuid();
        await orders.SendAsync(new SubmitOrder(id, "ann"));
        Assert.True(await orders.Harness.Published.Any<OrderSubmitted>(Cancellation));

        await orders.SendAsync(new FailAfterSending(id));

        Assert.True(await orders.Harness.Consumed.Any<FailAfterSending>(x => x.Exception is not null, Cancellation));
        Assert.Equal(0, (await orders.OrderAsync(id))!.Parts);
        Assert.False(orders.Harness.Published.Select<PartAdded>(Cancellation).Any());
    }

    [Fact]
    public async Task A_first_event_that_throws_is_consumed_when_it_comes_again()
    {
        await using var orders = await OrderFixture.StartAsync(provider);
        var failures = orders.Services.GetRequiredService<FirstEventFailures>();
        (failures.Customer, failures.Left) = ("carl", 1);
        var id = NewId.NextGuid();
        var messageId = NewId.NextGuid();

        await orders.SendAsync(new SubmitOrder(id, "carl"), messageId);
        await Eventually.HoldsAsync(() => Task.FromResult(failures.Left < 1), "the first delivery has thrown");
        await orders.SendAsync(new SubmitOrder(id, "carl"), messageId);

        await Consumed<SubmitOrder>(orders, 1);
        Assert.Equal("Open", (await orders.OrderAsync(id))?.CurrentState);
    }

    [Fact]
    public async Task A_finished_saga_is_deleted_and_still_knows_its_messages()
    {
        await using var orders = await OrderFixture.StartAsync(provider);
        var id = NewId.NextGuid();
        var submission = NewId.NextGuid();
        await orders.SendAsync(new SubmitOrder(id, "ann"), submission);
        await Consumed<SubmitOrder>(orders, 1);

        await orders.SendAsync(new CompleteOrder(id));
        Assert.True(await orders.Harness.Published.Any<OrderDone>(Cancellation));
        await orders.SendAsync(new SubmitOrder(id, "ann"), submission);

        await Consumed<SubmitOrder>(orders, 2);
        Assert.Null(await orders.OrderAsync(id));
        Assert.Single(PublishedIds<OrderSubmitted>(orders));
    }

    [Fact]
    public async Task A_message_stored_as_a_reference_leaves_composed()
    {
        await using var orders = await OrderFixture.StartAsync(provider);
        var id = NewId.NextGuid();
        await orders.SendAsync(new SubmitOrder(id, "ann"));
        await Consumed<SubmitOrder>(orders, 1);

        await orders.SendAsync(new AddPart(id, 7));

        Assert.True(await orders.Harness.Sent.Any<PartDescription>(x => x.Context.Message.Text == "part 7 of ann, 1 in all", Cancellation));
    }

    [Fact]
    public async Task Messages_that_a_dead_process_committed_are_sent_by_the_sweeper_with_their_own_ids()
    {
        await using var orders = await OrderFixture.StartAsync(provider, x => x.SweepInterval = TimeSpan.FromMilliseconds(20));
        var messageId = NewId.NextGuid();
        var message = new StoredMessage
        {
            MessageId = messageId,
            Destination = new Uri("exchange:order"),
            ContentType = "application/vnd.masstransit+json",
            Body = System.Text.Encoding.UTF8.GetBytes(
                $$$"""{"messageId":"{{{messageId}}}","messageType":["{{{MessageUrn.ForTypeString<SubmitOrder>()}}}"],"message":{"orderId":"{{{NewId.NextGuid()}}}","customer":"swept"}}"""),
            MessageTypes = [MessageUrn.ForTypeString<SubmitOrder>()],
        };
        await Store(orders, StoredMessage.Pack([message]));

        await Eventually.HoldsAsync(async () => await orders.ReadAsync(x => x.Orders.AnyAsync(y => y.Customer == "swept")), "the swept message started a saga");
        await Eventually.HoldsAsync(async () => (await orders.OutgoingAsync()).Count == 0, "the swept batch is gone");
    }

    [Fact]
    public async Task A_batch_that_cannot_be_read_is_parked_and_holds_up_nothing()
    {
        await using var orders = await OrderFixture.StartAsync(provider, x => x.SweepInterval = TimeSpan.FromMilliseconds(20));
        await Store(orders, [99, 1, 2, 3]);

        await Eventually.HoldsAsync(async () => (await orders.OutgoingAsync()).Exists(x => x.ParkedAt is not null), "the poison row is parked");
        var poison = Assert.Single(await orders.OutgoingAsync());
        Assert.Contains("format '99'", poison.LastError, StringComparison.Ordinal);
        var id = NewId.NextGuid();
        await orders.SendAsync(new SubmitOrder(id, "ann"));
        Assert.True(await orders.Harness.Published.Any<OrderSubmitted>(x => x.Context.Message.OrderId == id, Cancellation));
    }

    [Fact]
    public async Task A_due_timer_wakes_its_saga_once()
    {
        await using var orders = await OrderFixture.StartAsync(provider, x => x.SweepInterval = TimeSpan.FromMilliseconds(20));
        var id = NewId.NextGuid();
        await orders.SendAsync(new SubmitOrder(id, "ann"));
        await Consumed<SubmitOrder>(orders, 1);
        await orders.ReadAsync(x => x.Orders.Where(y => y.CorrelationId == id).ExecuteUpdateAsync(y => y.SetProperty(z => z.WakeAt, DateTime.UtcNow.AddSeconds(-1)), Cancellation));

        await Eventually.HoldsAsync(async () => (await orders.OrderAsync(id))?.CurrentState == "Awake", "the saga is awake");
        Assert.Null((await orders.OrderAsync(id))!.WakeAt);
    }

    private static async Task Consumed<T>(OrderFixture orders, int count)
        where T : class =>
        await Eventually.HoldsAsync(() => Task.FromResult(orders.ConsumedCount<T>() >= count), $"{count} {typeof(T).Name} are consumed");

    // After Consumed: a delivery counts as consumed only once its messages are confirmed.
    private static List<Guid?> PublishedIds<T>(OrderFixture orders)
        where T : class => [.. orders.Harness.Published.Select<T>(Cancellation).Select(x => x.Context.MessageId)];

    private async Task<OrderFixture> SharedAsync(OrderFixture one) =>
        await OrderFixture.StartAsync(provider, sharedDatabase: one.Database);

    private static Task<string> RowVersion(OrderFixture orders, Guid id) => orders.ReadAsync(async x =>
    {
        var order = await x.Orders.SingleAsync(y => y.CorrelationId == id, Cancellation);
        var version = x.Entry(order).Property(SagaStoreModel.VersionProperty).CurrentValue;
        return version is byte[] bytes ? Convert.ToHexString(bytes) : version!.ToString()!;
    });

    private static Task<int> Store(OrderFixture orders, byte[] body) => orders.ReadAsync(x =>
    {
        x.Add(new OutgoingBatch { Id = NewId.NextGuid(), Saga = nameof(Order), SagaId = NewId.NextGuid(), Body = body, CommittedAt = DateTime.UtcNow, NextAttemptAt = DateTime.UtcNow.AddSeconds(-1) });
        return x.SaveChangesAsync(Cancellation);
    });
}

public sealed class SqliteStoreTests() : StoreConformance("Sqlite");

public sealed class PostgresStoreTests() : StoreConformance("Postgres");

public sealed class SqlServerStoreTests() : StoreConformance("SqlServer");
