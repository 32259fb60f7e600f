using System.Diagnostics;
using MassTransit;
using MassTransit.Configuration;
using MassTransit.Middleware;
using MassTransit.Saga;
using Microsoft.EntityFrameworkCore;
using Pipeline.Benchmarks.Measurement;
using Pipeline.Benchmarks.Servers;
using Pipeline.SagaStore;

namespace Pipeline.Benchmarks.Store;

/// <summary>The saga store alone: the same three-event saga on each way to keep it, one after the other in each round.</summary>
internal sealed class StoreBenchmark(StoreSettings settings)
{
    private const string Queue = "bench-trips";

    public async Task<(IReadOnlyList<Figures> Medians, IReadOnlyList<Figures> Rounds)> RunAsync(CancellationToken cancellationToken)
    {
        var variants = settings.Variant == StoreVariant.All ? StoreVariant.Each : [settings.Variant];
        var rounds = new List<Figures>();
        for (var round = 1; round <= settings.Rounds; round++)
        {
            foreach (var variant in variants)
            {
                var figures = await MeasureAsync(variant, cancellationToken);
                rounds.Add(figures);
                Console.WriteLine($"round {round} {variant}: {string.Join("  ", figures.Values.Select(x => $"{x.Name} {x.Value:F2}"))}");
            }
        }

        return ([.. variants.Select(variant => Figures.Median(variant, rounds.FindAll(x => x.Name == variant)))], rounds);
    }

    private async Task<Figures> MeasureAsync(string variant, CancellationToken cancellationToken)
    {
        await using var database = await PostgresDatabase.CreateAsync(settings.Servers.Postgres!, "store");
        await using var broker = settings.OverRabbitMq ? await RabbitVirtualHost.CreateAsync(settings.Servers) : null;
        using var host = Build(variant, database, broker);
        await using (var scope = host.Services.CreateAsyncScope())
        {
            await scope.ServiceProvider.GetRequiredService<TripsDbContext>().Database.EnsureCreatedAsync(cancellationToken);
        }

        var before = await database.TransactionsAsync();
        await host.StartAsync(cancellationToken);
        var bus = host.Services.GetRequiredService<IBus>();
        var finished = new FinishedTrips();
        bus.ConnectConsumeMessageObserver(finished);
        await LoadAsync(bus, finished, settings.Warmup, cancellationToken);

        await database.CheckpointAsync();
        GC.Collect();
        List<ProcessTree> processes = [ProcessTree.Own("client"), PostgresDatabase.Process(settings.Servers.Postgres!)];
        if (broker is not null)
        {
            processes.Add(RabbitVirtualHost.Process(broker.Server));
        }

        var wal = await database.WalBytesAsync();
        var allocated = GC.GetTotalAllocatedBytes();
        var cpu = CpuMeter.Start(processes);
        var began = Stopwatch.GetTimestamp();
        var durations = await LoadAsync(bus, finished, settings.Sagas, cancellationToken);
        var elapsed = Stopwatch.GetElapsedTime(began);
        var used = cpu.Stop();
        allocated = GC.GetTotalAllocatedBytes() - allocated;
        wal = await database.WalBytesAsync() - wal;
        await host.StopAsync(CancellationToken.None);

        var after = await database.TransactionsAsync();
        var all = settings.Sagas + settings.Warmup;
        var done = await database.QueryAsync("SELECT count(*) FROM trips WHERE \"CurrentState\" = 'Done' AND \"Steps\" = 3");
        var left = await database.QueryAsync("SELECT count(*) FROM saga_outgoing") + await database.QueryAsync("SELECT count(*) FROM outbox_message");
        return new Figures(variant)
            .Add("sagas/s", settings.Sagas / elapsed.TotalSeconds)
            .Add("transactions/saga", (after.Commits - before.Commits) / all)
            .Add("rollbacks/saga", (after.Rollbacks - before.Rollbacks) / all)
            .Add("WAL bytes/saga", wal / settings.Sagas)
            .AddRange(used.Per(settings.Sagas).Select(x => (x.Name + "/saga", x.Value)))
            .Add("allocated KB/saga", allocated / 1024d / settings.Sagas)
            .Add("p50 ms", Percentile.Of(durations, 50))
            .Add("p99 ms", Percentile.Of(durations, 99))
            .Add("not finished", all - done)
            .Add("messages left in tables", left)
            .Add("other processes, % of the machine", used.OthersShare * 100);
    }

    private async Task<IReadOnlyList<double>> LoadAsync(IBus bus, FinishedTrips finished, int count, CancellationToken cancellationToken)
    {
        var durations = new double[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = settings.Concurrency, CancellationToken = cancellationToken }, async (index, token) =>
        {
            var trip = NewId.NextGuid();
            var began = Stopwatch.GetTimestamp();
            var end = finished.Expect(trip);
            await bus.Publish(new StartTrip(trip), token);
            await end.WaitAsync(TimeSpan.FromSeconds(60), token);
            durations[index] = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        });
        return durations;
    }

    private IHost Build(string variant, PostgresDatabase database, RabbitVirtualHost? broker)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Logging.AddSimpleConsole().SetMinimumLevel(LogLevel.Warning);
        var connection = new Npgsql.NpgsqlConnectionStringBuilder(database.ConnectionString()) { NoResetOnClose = !settings.ResetConnections, MaxAutoPrepare = settings.AutoPrepare }.ConnectionString;
        builder.Services.AddDbContextPool<TripsDbContext>(x => x.UseNpgsql(connection));
        builder.Services.Configure<MassTransitHostOptions>(x => x.WaitUntilStarted = true);
        if (variant == StoreVariant.InboxOutboxTables)
        {
            builder.Services.AddScoped<IOutboxContextFactory<TripsDbContext>, TablesOutboxContextFactory>();
        }

        builder.Services.AddMassTransit(bus =>
        {
            var saga = bus.AddSagaStateMachine<TripStateMachine, Trip>();
            if (variant == StoreVariant.RowStore)
            {
                saga.RowStore<Trip, TripsDbContext>();
            }
            else
            {
                saga.Repository(x => x.RegisterSagaRepository<Trip, TripsDbContext, SagaConsumeContextFactory<TripsDbContext, Trip>, PlainContextFactory>());
            }

            if (broker is null)
            {
                bus.UsingInMemory((context, transport) => transport.ReceiveEndpoint(Queue, endpoint => Configure(variant, context, endpoint)));
            }
            else
            {
                bus.UsingRabbitMq((context, transport) =>
                {
                    transport.Host(broker.Uri.Host, (ushort)broker.Uri.Port, broker.Name, x =>
                    {
                        x.Username(broker.User);
                        x.Password(broker.Password);
                        x.PublisherConfirmation = true;
                    });
                    transport.ReceiveEndpoint(Queue, endpoint =>
                    {
                        endpoint.SetQuorumQueue();
                        Configure(variant, context, endpoint);
                    });
                });
            }
        });
        return builder.Build();
    }

    private void Configure(string variant, IBusRegistrationContext context, IReceiveEndpointConfigurator endpoint)
    {
        endpoint.PrefetchCount = settings.Concurrency * 2;
        endpoint.ConcurrentMessageLimit = settings.Concurrency;
        if (variant == StoreVariant.InboxOutboxTables)
        {
            endpoint.UseMessageRetry(x => x.Interval(10, TimeSpan.FromMilliseconds(20)));
            var outbox = new OutboxConsumePipeSpecificationObserver<TripsDbContext>(endpoint, context);
            endpoint.ConnectConsumerConfigurationObserver(outbox);
            endpoint.ConnectSagaConfigurationObserver(outbox);
        }
        else if (variant == StoreVariant.NoOutbox)
        {
            endpoint.UseMessageRetry(x => x.Interval(10, TimeSpan.FromMilliseconds(20)));
            // Without it the next event would overtake the commit of this one: memory only, it guarantees nothing.
            endpoint.UseInMemoryOutbox(context);
        }

        endpoint.ConfigureSaga<Trip>(context);
    }
}
