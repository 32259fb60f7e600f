using System.Net.Sockets;
using MassTransit;
using MassTransit.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Fixtures;
using Pipeline.SagaStore.Outgoing;
using Pipeline.SagaStore.Tests.Samples;

namespace Pipeline.SagaStore.Tests;

/// <summary>What the store promises on every database when something goes wrong. One derived class for each.</summary>
public abstract class FaultConformance(string provider)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Different_first_messages_at_once_make_one_saga()
    {
        await using var one = await OrderFixture.StartAsync(provider);
        await using var two = await OrderFixture.StartAsync(provider, sharedDatabase: one.Database);
        var id = NewId.NextGuid();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(x => (x % 2 == 0 ? one : two).SendAsync(new SubmitOrder(id, "ann"))));

        await Consumed<SubmitOrder>(4, one, two);
        Assert.Equal("Open", (await one.OrderAsync(id))?.CurrentState);
        Assert.Single(await Submissions(1, one, two));
    }

    [Fact]
    public async Task Different_first_messages_at_once_make_one_saga_where_the_row_is_inserted_first()
    {
        await using var one = await OrderFixture.StartAsync(provider);
        await using var two = await OrderFixture.StartAsync(provider, sharedDatabase: one.Database);
        var id = NewId.NextGuid();

        await Task.WhenAll(Enumerable.Range(0, 8).Select(x => (x % 2 == 0 ? one : two).SendAsync(new ImportOrder(id, "ann"))));

        await Consumed<ImportOrder>(4, one, two);
        Assert.Equal("Open", (await one.OrderAsync(id))?.CurrentState);
        Assert.Single(await Submissions(1, one, two));
    }

    [Fact]
    public async Task A_writer_that_was_overtaken_does_not_commit()
    {
        await using var orders = await StartWithOrderAsync(out var id);
        await using var scope = orders.Services.CreateAsyncScope();
        var zombie = scope.ServiceProvider.GetRequiredService<OrdersDbContext>();
        var stale = await zombie.Orders.SingleAsync(x => x.CorrelationId == id, Cancellation);

        await orders.SendAsync(new AddPart(id, 1));
        await Consumed<AddPart>(1, orders);
        stale.Parts = 1000;

        await Assert.ThrowsAsync<DbUpdateConcurrencyException>(() => zombie.SaveChangesAsync(Cancellation));
        Assert.Equal(1, (await orders.OrderAsync(id))!.Parts);
    }

    [Fact]
    public async Task An_event_that_was_overtaken_is_tried_again_with_a_fresh_context()
    {
        Assert.SkipWhen(provider == "Sqlite", "SQLite has one writer: nobody overtakes it between its read and its write.");
        var overtaken = new OvertakenWriter();
        await using var slow = await OrderFixture.StartAsync(provider, interceptors: [overtaken]);
        await using var fast = await OrderFixture.StartAsync(provider, sharedDatabase: slow.Database);
        var id = NewId.NextGuid();
        await slow.SendAsync(new SubmitOrder(id, "ann"));
        await Consumed<SubmitOrder>(1, slow);
        overtaken.Arm(async () =>
        {
            await fast.SendAsync(new AddPart(id, 1));
            await Consumed<AddPart>(1, fast);
        });

        await slow.SendAsync(new AddPart(id, 2));

        await Consumed<AddPart>(1, slow);
        Assert.Equal(2, (await slow.OrderAsync(id))!.Parts);
        Assert.Equal(2, overtaken.Writers.Count);
        Assert.NotEqual(overtaken.Writers[0], overtaken.Writers[1]);
        Assert.Single(await slow.ReceivedIdsAsync<PartAdded>());
        Assert.Equal(0, slow.Faults);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_commit_of_unknown_outcome_has_one_effect(bool failsAfterTheCommit)
    {
        var commit = new FailingCommit(new SocketException((int)SocketError.ConnectionReset), failsAfterTheCommit);
        await using var orders = await OrderFixture.StartAsync(provider, interceptors: [commit]);
        var id = NewId.NextGuid();
        await orders.SendAsync(new SubmitOrder(id, "ann"));
        await Consumed<SubmitOrder>(1, orders);

        commit.Arm();
        await orders.SendAsync(new AddPart(id, 1));

        await Consumed<AddPart>(1, orders);
        Assert.Equal(1, commit.Failures);
        Assert.Equal(1, (await orders.OrderAsync(id))!.Parts);
        Assert.Single(await orders.ReceivedIdsAsync<PartAdded>());
        Assert.Equal(0, orders.Faults);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_first_commit_of_unknown_outcome_makes_one_saga(bool failsAfterTheCommit)
    {
        var commit = new FailingCommit(new SocketException((int)SocketError.ConnectionReset), failsAfterTheCommit);
        await using var orders = await OrderFixture.StartAsync(provider, interceptors: [commit]);
        var id = NewId.NextGuid();

        commit.Arm();
        await orders.SendAsync(new SubmitOrder(id, "ann"));

        await Consumed<SubmitOrder>(1, orders);
        Assert.Equal(1, commit.Failures);
        Assert.Equal("Open", (await orders.OrderAsync(id))?.CurrentState);
        Assert.Single(await orders.ReceivedIdsAsync<OrderSubmitted>());
    }

    [Fact]
    public async Task A_first_event_that_fails_leaves_nothing_and_succeeds_at_the_next_delivery()
    {
        await using var orders = await OrderFixture.StartAsync(provider);
        var id = NewId.NextGuid();
        var messageId = NewId.NextGuid();
        orders.Services.GetRequiredService<OrderStateMachine>().FailsNext = true;

        await orders.SendAsync(new SubmitOrder(id, "ann"), messageId);

        Assert.True(await orders.Harness.Published.Any<Fault<SubmitOrder>>(Cancellation));
        Assert.Null(await orders.OrderAsync(id));
        Assert.False(await orders.ReadAsync(x => x.Set<OutgoingBatch>().AnyAsync(Cancellation)));
        Assert.Empty(orders.ReceivedIds<OrderSubmitted>());

        await orders.SendAsync(new SubmitOrder(id, "ann"), messageId);
        await Consumed<SubmitOrder>(1, orders);
        Assert.Equal("Open", (await orders.OrderAsync(id))?.CurrentState);
        Assert.Single(await orders.ReceivedIdsAsync<OrderSubmitted>());
    }

    [Fact]
    public async Task A_saga_that_ends_with_its_first_event_is_not_run_twice()
    {
        await using var orders = await OrderFixture.StartAsync(provider);
        var id = NewId.NextGuid();
        var messageId = NewId.NextGuid();

        await orders.SendAsync(new SubmitOrder(id, OrderStateMachine.InstantCustomer), messageId);
        await orders.SendAsync(new SubmitOrder(id, OrderStateMachine.InstantCustomer), messageId);

        await Consumed<SubmitOrder>(2, orders);
        Assert.Null(await orders.OrderAsync(id));
        Assert.Single(await orders.ReceivedIdsAsync<OrderSubmitted>());
    }

    [Fact]
    public async Task An_outage_longer_than_the_patience_has_a_name()
    {
        var commit = new FailingCommit(new SocketException((int)SocketError.ConnectionReset), afterTheCommit: false);
        await using var orders = await OrderFixture.StartAsync(provider, x => x.OutagePatience = TimeSpan.Zero, interceptors: [commit]);

        commit.Arm();
        await orders.SendAsync(new SubmitOrder(NewId.NextGuid(), "ann"));

        Assert.True(await orders.Harness.Consumed.Any<SubmitOrder>(x => x.Exception is DatabaseOutageException { InnerException: SocketException }, Cancellation));
    }

    [Fact]
    public async Task What_a_consumer_committed_before_it_went_to_the_error_queue_is_swept()
    {
        // Neither a conflict nor an outage: the delivery fails although the state is committed.
        var commit = new FailingCommit(new InvalidOperationException("Fails on purpose, after the commit."), afterTheCommit: true);
        await using var orders = await OrderFixture.StartAsync(provider, Impatient, interceptors: [commit]);
        var id = NewId.NextGuid();
        await orders.SendAsync(new SubmitOrder(id, "ann"));
        await Consumed<SubmitOrder>(1, orders);

        commit.Arm();
        await orders.SendAsync(new AddPart(id, 1));

        Assert.True(await orders.Harness.Published.Any<Fault<AddPart>>(Cancellation));
        Assert.Single(await orders.ReceivedIdsAsync<PartAdded>());
    }

    [Fact]
    public async Task A_send_after_the_commit_is_refused_by_name()
    {
        await using var orders = await StartWithOrderAsync(out var id);
        await orders.SendAsync(new KeepContext(id));
        await Consumed<KeepContext>(1, orders);
        var kept = orders.Services.GetRequiredService<OrderStateMachine>().Kept!;

        var refused = await Assert.ThrowsAsync<SentAfterCommitException>(() => kept.Publish(new OrderDone(id), Cancellation));

        Assert.Equal(typeof(OrderDone), refused.MessageType);
        Assert.Empty(orders.ReceivedIds<OrderDone>());
    }

    [Fact]
    public async Task Two_processes_that_sweep_one_table_send_every_batch_under_its_own_id()
    {
        await using var one = await OrderFixture.StartAsync(provider, Impatient);
        await using var two = await OrderFixture.StartAsync(provider, Impatient, sharedDatabase: one.Database);
        var ids = Enumerable.Range(0, 40).Select(_ => NewId.NextGuid()).ToList();
        await one.ReadAsync(x =>
        {
            x.AddRange(ids.Select(id => Batch(StoredMessage.Pack([Submission(id, id)]))));
            return x.SaveChangesAsync(Cancellation);
        });

        await Eventually.HoldsAsync(async () => await one.ReadAsync(x => x.Orders.CountAsync(Cancellation)) == ids.Count, "every batch was sent");
        await Eventually.HoldsAsync(async () => (await one.OutgoingAsync()).Count == 0, "every batch is gone");
        Assert.Equal(ids.Order(), (await one.ReadAsync(x => x.Orders.Select(y => y.CorrelationId).ToListAsync(Cancellation))).Order());
        Assert.Equal(ids.Count, (await Submissions(ids.Count, one, two)).Count);
    }

    [Fact]
    public async Task Two_processes_forget_finished_sagas_side_by_side()
    {
        await using var one = await OrderFixture.StartAsync(provider, Impatient);
        await using var two = await OrderFixture.StartAsync(provider, Impatient, sharedDatabase: one.Database);
        await one.ReadAsync(x =>
        {
            x.AddRange(Enumerable.Range(0, 500).Select(_ => new OutgoingBatch
            {
                Id = NewId.NextGuid(), Saga = nameof(Order), SagaId = NewId.NextGuid(), Body = [], CommittedAt = DateTime.UtcNow, ExpiresAt = DateTime.UtcNow.AddSeconds(-1),
            }));
            return x.SaveChangesAsync(Cancellation);
        });

        await Eventually.HoldsAsync(async () => !await one.ReadAsync(x => x.Set<OutgoingBatch>().AnyAsync(Cancellation)), "everything that expired is gone");
    }

    [Fact]
    public async Task Two_contexts_in_one_process_keep_to_their_own_tables()
    {
        await using var invoices = await TestDatabase.CreateAsync(provider);
        await using var orders = await OrderFixture.StartAsync(
            provider,
            services: x => x.AddDbContextPool<InvoicesDbContext>(y => OrderFixture.Use(y, invoices)),
            bus: x => x.AddSagaStateMachine<InvoiceStateMachine, Invoice>().RowStore<Invoice, InvoicesDbContext>(store => Impatient(store.Options)),
            prepare: x => x.GetRequiredService<InvoicesDbContext>().Database.EnsureCreatedAsync(Cancellation));
        var id = NewId.NextGuid();
        await using var scope = orders.Services.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<InvoicesDbContext>();
        database.Add(Batch(StoredMessage.Pack([Submission(id, id)])));
        await database.SaveChangesAsync(Cancellation);

        await orders.Harness.Bus.Publish(new WriteInvoice(id), Cancellation);

        Assert.True(await orders.Harness.Published.Any<InvoiceWritten>(Cancellation));
        Assert.Single(await orders.ReceivedIdsAsync<OrderSubmitted>());
        await Eventually.HoldsAsync(async () => !await database.Set<OutgoingBatch>().AnyAsync(Cancellation), "the other context's own sweeper emptied its table");
        Assert.Equal("Written", (await database.Invoices.AsNoTracking().SingleAsync(Cancellation)).CurrentState);
        Assert.NotSame(orders.Services.GetRequiredService<SagaOutgoing<OrdersDbContext>>(), orders.Services.GetRequiredService<SagaOutgoing<InvoicesDbContext>>());
    }

    [Fact]
    public async Task Consumed_ids_past_the_limit_are_forgotten_oldest_first()
    {
        await using var orders = await OrderFixture.StartAsync(provider, x => x.ConsumedLimit = 3);
        var id = NewId.NextGuid();
        await orders.SendAsync(new SubmitOrder(id, "ann"));
        await Consumed<SubmitOrder>(1, orders);
        var messages = Enumerable.Range(0, 4).Select(_ => NewId.NextGuid()).ToList();
        var deliveries = 0;

        async Task Deliver(Guid messageId)
        {
            await orders.SendAsync(new AddPart(id, 1), messageId);
            await Consumed<AddPart>(++deliveries, orders);
        }

        foreach (var message in messages)
        {
            await Deliver(message);
        }

        await Deliver(messages[1]);
        await Deliver(messages[3]);
        Assert.Equal(4, (await orders.OrderAsync(id))!.Parts);
        await Deliver(messages[0]);
        Assert.Equal(5, (await orders.OrderAsync(id))!.Parts);
    }

    [Fact]
    public async Task A_parked_batch_is_found_and_leaves_when_it_is_driven_again()
    {
        await using var orders = await OrderFixture.StartAsync(provider, Impatient);
        var id = NewId.NextGuid();
        var batch = Batch([99, 1, 2, 3]);
        await orders.ReadAsync(x =>
        {
            x.Add(batch);
            return x.SaveChangesAsync(Cancellation);
        });
        var outgoing = orders.Services.GetRequiredService<SagaOutgoing<OrdersDbContext>>();
        await Eventually.HoldsAsync(async () => (await outgoing.ParkedAsync(cancellationToken: Cancellation)).Count == 1, "the batch is parked");
        Assert.Contains("format '99'", (await outgoing.ParkedAsync(cancellationToken: Cancellation))[0].LastError, StringComparison.Ordinal);

        // The cause is still there: driven again, it is parked again.
        Assert.True(await outgoing.RedriveAsync(batch.Id, Cancellation));
        await Eventually.HoldsAsync(async () => (await outgoing.ParkedAsync(cancellationToken: Cancellation)).Count == 1, "the batch is parked again");
        Assert.False(await outgoing.RedriveAsync(NewId.NextGuid(), Cancellation));

        // Mended, as another version that reads the format would.
        var body = StoredMessage.Pack([Submission(id, id)]);
        await orders.ReadAsync(x => x.Set<OutgoingBatch>().Where(y => y.Id == batch.Id).ExecuteUpdateAsync(y => y.SetProperty(z => z.Body, body), Cancellation));
        Assert.Equal(1, await outgoing.RedriveAllAsync(Cancellation));

        Assert.Single(await orders.ReceivedIdsAsync<OrderSubmitted>());
        await Eventually.HoldsAsync(async () => (await orders.OutgoingAsync()).Count == 0, "the batch is gone");
    }

    [Fact]
    public async Task A_publish_that_never_returns_holds_neither_the_delivery_nor_the_message()
    {
        var sends = new HangingSends();
        await using var orders = await OrderFixture.StartAsync(provider, x =>
        {
            Impatient(x);
            x.SendTimeout = TimeSpan.FromMilliseconds(100);
            x.SendAttempts = int.MaxValue;
        });
        orders.Harness.Bus.ConnectPublishObserver(sends);
        orders.Harness.Bus.ConnectSendObserver(sends);
        var id = NewId.NextGuid();
        await orders.SendAsync(new SubmitOrder(id, "ann"));
        await Consumed<SubmitOrder>(1, orders);

        await orders.SendAsync(new AddPart(id, 1));

        await Consumed<AddPart>(1, orders);
        Assert.True(sends.Hanging > 0);
        Assert.Equal(1, (await orders.OrderAsync(id))!.Parts);
        Assert.NotEmpty(await orders.OutgoingAsync());
        Assert.Equal(0, orders.Faults);

        sends.Heal();
        Assert.Single(await orders.ReceivedIdsAsync<PartAdded>());
        await Eventually.HoldsAsync(async () => (await orders.OutgoingAsync()).Count == 0, "the sweeper has sent the message");
    }

    [Fact]
    public async Task An_answer_never_overtakes_the_commit_of_its_question()
    {
        const int sagas = 100;
        await using var orders = await OrderFixture.StartAsync(provider, bus: x => x.AddConsumer<HastyResponder>());

        await Task.WhenAll(Enumerable.Range(0, sagas).Select(_ => orders.SendAsync(new SubmitOrder(NewId.NextGuid(), "ann"))));

        await Consumed<AddPart>(sagas, orders);
        Assert.Equal(sagas, await orders.ReadAsync(x => x.Orders.CountAsync(y => y.Parts == 1, Cancellation)));
    }

    private async Task<OrderFixture> StartWithOrder(Guid id)
    {
        var orders = await OrderFixture.StartAsync(provider);
        await orders.SendAsync(new SubmitOrder(id, "ann"));
        await Consumed<SubmitOrder>(1, orders);
        return orders;
    }

    private Task<OrderFixture> StartWithOrderAsync(out Guid id)
    {
        id = NewId.NextGuid();
        return StartWithOrder(id);
    }

    private static void Impatient(RowStoreOptions options)
    {
        options.SweepInterval = TimeSpan.FromMilliseconds(20);
        options.SweepGrace = TimeSpan.FromMilliseconds(50);
        options.LongestSendBackoff = TimeSpan.FromMilliseconds(50);
        options.RemoveInterval = TimeSpan.FromMilliseconds(1);
    }

    private static async Task Consumed<T>(int count, params OrderFixture[] hosts)
        where T : class
    {
        foreach (var host in hosts)
        {
            await Eventually.HoldsAsync(() => Task.FromResult(host.ConsumedCount<T>() >= count), $"{count} {typeof(T).Name} are consumed");
        }
    }

    /// <summary>The ids that subscribers of both hosts received, once there are as many as expected.</summary>
    private static async Task<List<Guid>> Submissions(int expected, OrderFixture one, OrderFixture two)
    {
        List<Guid> Received() => [.. one.ReceivedIds<OrderSubmitted>().Concat(two.ReceivedIds<OrderSubmitted>()).Distinct()];
        await Eventually.HoldsAsync(() => Task.FromResult(Received().Count >= expected), $"{expected} OrderSubmitted arrive");
        return Received();
    }

    private static OutgoingBatch Batch(byte[] body) => new()
    {
        Id = NewId.NextGuid(), Saga = nameof(Order), SagaId = NewId.NextGuid(), Body = body, CommittedAt = DateTime.UtcNow, NextAttemptAt = DateTime.UtcNow.AddSeconds(-1),
    };

    private static StoredMessage Submission(Guid messageId, Guid orderId) => new()
    {
        MessageId = messageId,
        Destination = new Uri("exchange:order"),
        ContentType = "application/vnd.masstransit+json",
        Body = System.Text.Encoding.UTF8.GetBytes(
            $$$"""{"messageId":"{{{messageId}}}","messageType":["{{{MessageUrn.ForTypeString<SubmitOrder>()}}}"],"message":{"orderId":"{{{orderId}}}","customer":"swept"}}"""),
        MessageTypes = [MessageUrn.ForTypeString<SubmitOrder>()],
    };
}

public sealed class SqliteFaultTests() : FaultConformance("Sqlite");

public sealed class PostgresFaultTests() : FaultConformance("Postgres");

public sealed class SqlServerFaultTests() : FaultConformance("SqlServer");
