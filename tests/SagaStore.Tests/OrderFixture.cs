using MassTransit;
using MassTransit.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.Fixtures;
using Pipeline.SagaStore.Outgoing;
using Pipeline.SagaStore.Tests.Samples;

namespace Pipeline.SagaStore.Tests;

/// <summary>The sample saga on one database and the in-memory transport.</summary>
public sealed class OrderFixture : IAsyncDisposable
{
    private readonly TestDatabase _database;
    private readonly bool _ownsDatabase;
    private readonly ServiceProvider _services;
    private readonly ConsumedCounter _consumed = new();

    private OrderFixture(TestDatabase database, bool ownsDatabase, ServiceProvider services)
    {
        _database = database;
        _ownsDatabase = ownsDatabase;
        _services = services;
        Harness = services.GetTestHarness();
    }

    public ITestHarness Harness { get; }

    /// <summary>Deliveries consumed without an exception; the harness's own list keeps one for each message id.</summary>
    public int ConsumedCount<T>() => _consumed.Count(typeof(T));

    /// <summary>Deliveries that ended with an exception; the harness's own list waits for the bus to fall silent.</summary>
    public int Faults => _consumed.Faults;

    /// <summary>The ids of the events of a type that subscribers received; waits for the first.</summary>
    public async Task<List<Guid>> ReceivedIdsAsync<T>()
    {
        var received = _services.GetRequiredService<ReceivedEvents>();
        await Eventually.HoldsAsync(() => Task.FromResult(received.Ids<T>().Count > 0), $"a {typeof(T).Name} arrives");
        return received.Ids<T>();
    }

    /// <summary>The ids of the events of a type that subscribers received so far.</summary>
    public List<Guid> ReceivedIds<T>() => _services.GetRequiredService<ReceivedEvents>().Ids<T>();

    public TestDatabase Database => _database;

    public IServiceProvider Services => _services;

    public static async Task<OrderFixture> StartAsync(
        string provider,
        Action<RowStoreOptions>? configure = null,
        Action<IServiceCollection>? services = null,
        Action<IBusRegistrationConfigurator>? bus = null,
        TestDatabase? sharedDatabase = null,
        IReadOnlyList<IInterceptor>? interceptors = null,
        Func<IServiceProvider, Task>? prepare = null,
        RabbitMqVirtualHost? broker = null)
    {
        var database = sharedDatabase ?? await TestDatabase.CreateAsync(provider);
        var collection = new ServiceCollection();
        collection.AddDbContextPool<OrdersDbContext>(x => Use(x, database).AddInterceptors(interceptors ?? []));
        collection.AddMessageComposer<PartReference, PartDescriptions>();
        collection.AddSingleton<FirstEventFailures>();
        collection.AddSingleton<ReceivedEvents>();
        services?.Invoke(collection);
        collection.AddMassTransitTestHarness(TextWriter.Null, x =>
        {
            x.SetKebabCaseEndpointNameFormatter();
            x.SetTestTimeouts(testTimeout: TimeSpan.FromSeconds(30), testInactivityTimeout: TimeSpan.FromSeconds(2));
            x.AddSagaStateMachine<OrderStateMachine, Order>().RowStore<Order, OrdersDbContext>(store =>
            {
                store.WakeAt(order => order.WakeAt, new Uri("exchange:order"), (id, dueAt) => new OrderWoken(id, dueAt));
                configure?.Invoke(store.Options);
            });
            x.AddConsumer<EventRecorder>();
            bus?.Invoke(x);
            if (broker is null)
            {
                x.UsingInMemory((context, cfg) => cfg.ConfigureEndpoints(context));
                return;
            }

            x.UsingRabbitMq((context, cfg) =>
            {
                cfg.Host(broker.Uri);
                cfg.ConfigureEndpoints(context);
            });
        });
        var provider2 = collection.BuildServiceProvider(validateScopes: true);
        if (sharedDatabase is null)
        {
            await using var scope = provider2.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<OrdersDbContext>().Database.EnsureCreatedAsync();
            await (prepare?.Invoke(scope.ServiceProvider) ?? Task.CompletedTask);
        }

        var fixture = new OrderFixture(database, sharedDatabase is null, provider2);
        await fixture.Harness.Start();
        fixture.Harness.Bus.ConnectConsumeObserver(fixture._consumed);
        return fixture;
    }

    public async Task<T> ReadAsync<T>(Func<OrdersDbContext, Task<T>> read)
    {
        await using var scope = _services.CreateAsyncScope();
        return await read(scope.ServiceProvider.GetRequiredService<OrdersDbContext>());
    }

    public Task<Order?> OrderAsync(Guid id) => ReadAsync(x => x.Orders.AsNoTracking().SingleOrDefaultAsync(y => y.CorrelationId == id));

    public Task<List<OutgoingBatch>> OutgoingAsync() => ReadAsync(x => x.Set<OutgoingBatch>().AsNoTracking().Where(y => y.ExpiresAt == null).ToListAsync());

    /// <summary>Sends one message to the saga's queue with a message id of the test's choosing and waits until it was consumed.</summary>
    public async Task SendAsync<T>(T message, Guid? messageId = null)
        where T : class
    {
        var endpoint = await Harness.Bus.GetSendEndpoint(new Uri("exchange:order"));
        await endpoint.Send(message, x => x.MessageId = messageId ?? NewId.NextGuid(), TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (TestContext.Current.TestState?.Result == TestResult.Failed)
        {
            await Harness.OutputTimeline(Console.Out);
        }

        await Harness.Stop();
        await _services.DisposeAsync();
        if (_ownsDatabase)
        {
            await _database.DisposeAsync();
        }
    }

    internal static DbContextOptionsBuilder Use(DbContextOptionsBuilder options, TestDatabase database)
    {
        switch (database.Provider)
        {
            case "Sqlite":
                options.UseSqlite(database.ConnectionString);
                break;
            case "Postgres":
                options.UseNpgsql(database.ConnectionString);
                break;
#if !LEAVE_OUT_SQLSERVER
            case "SqlServer":
                options.UseSqlServer(database.ConnectionString, x => x.MaxBatchSize(1));
                break;
#endif
            default:
                throw new InvalidOperationException(database.Provider);
        }

        return options;
    }
}
