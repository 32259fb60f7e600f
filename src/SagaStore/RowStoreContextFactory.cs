using MassTransit;
using MassTransit.Saga;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Pipeline.SagaStore.Databases;
using Pipeline.SagaStore.Outgoing;

namespace Pipeline.SagaStore;

/// <summary>
/// One event, one transaction. For each attempt at an event, in a fresh scope with a fresh DbContext:
/// <code>
/// (1) begin; read the row. Has it consumed this message before?  yes: send again what is still unconfirmed, done
/// (2) run the state machine; what it sends is kept back
/// (3) write the row (only if its version is still the one read), the timeline, the messages, the message's id; commit
/// (4) send the messages, await the broker's confirms; return, and the delivery is acknowledged
/// </code>
/// Another writer in (3): again from (1). A crash after (3): the broker delivers again, (1) finds it. No confirm in (4): the sweeper.
/// </summary>
internal sealed class RowStoreContextFactory<TSaga, TDbContext>(
    IServiceProvider services,
    IServiceScopeFactory scopes,
    MessageComposers composers,
    OutgoingDispatcher dispatcher,
    ConfirmedBatches<TDbContext> confirmed,
    InstanceTurns turns,
    RowStoreOptions options,
    SagaStoreMetrics metrics,
    TimeProvider time,
    ILogger<RowStoreContextFactory<TSaga, TDbContext>> logger) :
    ISagaRepositoryContextFactory<TSaga>,
    ILoadSagaRepositoryContextFactory<TSaga>,
    IQuerySagaRepositoryContextFactory<TSaga>
    where TSaga : class, ISaga
    where TDbContext : DbContext
{
    private static readonly string SagaName = typeof(TSaga).Name;

    // Not static: two containers may map the same types to different databases.
    private readonly Func<TDbContext, Guid, CancellationToken, Task<TSaga?>> _load =
        EF.CompileAsyncQuery((TDbContext database, Guid id, CancellationToken _) => database.Set<TSaga>().SingleOrDefault(x => x.CorrelationId == id));

    private readonly ISetScopedConsumeContext? _scopedContext = services.GetService<MassTransit.DependencyInjection.Bind<IBus, ISetScopedConsumeContext>>()?.Value;

    public void Probe(ProbeContext context)
    {
        var scope = context.CreateScope("sagaRepository");
        scope.Add("persistence", "row-store");
        scope.Add("dbContext", typeof(TDbContext).Name);
    }

    public Task Send<T>(ConsumeContext<T> context, IPipe<SagaRepositoryContext<TSaga, T>> next)
        where T : class =>
        InFreshScopes(context, isQuery: false, (_, unit, _) => next.Send(unit));

    public Task SendQuery<T>(ConsumeContext<T> context, ISagaQuery<TSaga> query, IPipe<SagaRepositoryQueryContext<TSaga, T>> next)
        where T : class =>
        InFreshScopes(context, isQuery: true, async (database, unit, cancellationToken) =>
        {
            // Each instance is its own transaction. When a later one conflicts, the earlier ones recognise the message and are not run twice.
            var instances = await database.Set<TSaga>().AsNoTracking().Where(query.FilterExpression).Select(x => x.CorrelationId).ToListAsync(cancellationToken);
            await next.Send(new DefaultSagaRepositoryQueryContext<TSaga, T>(unit, instances));
        });

    public async Task<T> Execute<T>(Func<LoadSagaRepositoryContext<TSaga>, Task<T>> asyncMethod, CancellationToken cancellationToken = default)
        where T : class
    {
        await using var scope = scopes.CreateAsyncScope();
        return await asyncMethod(new ReadContext<TSaga>(scope.ServiceProvider.GetRequiredService<TDbContext>(), cancellationToken));
    }

    public async Task<T> Execute<T>(Func<QuerySagaRepositoryContext<TSaga>, Task<T>> asyncMethod, CancellationToken cancellationToken)
        where T : class
    {
        await using var scope = scopes.CreateAsyncScope();
        return await asyncMethod(new ReadContext<TSaga>(scope.ServiceProvider.GetRequiredService<TDbContext>(), cancellationToken));
    }

    private async Task InFreshScopes<T>(ConsumeContext<T> context, bool isQuery, Func<TDbContext, EventUnit<TSaga, T, TDbContext>, CancellationToken, Task> consume)
        where T : class
    {
        CrashPoint.Reach(CrashPoint.Received);
        var cancellationToken = context.CancellationToken;
        var giveUpAt = time.GetUtcNow() + options.OutagePatience;
        for (int attempt = 1, conflicts = 0; ; attempt++)
        {
            try
            {
                await OneAttempt(context, isQuery, consume, cancellationToken);
                return;
            }
#pragma warning disable CA1031 // Sorted by what it means; what is neither a conflict nor an outage goes on as it came.
            catch (Exception e)
#pragma warning restore CA1031
            {
                var error = DatabaseErrors.Classify(e);
                if (error == DatabaseError.Conflict)
                {
                    if (++conflicts >= options.ConflictAttempts)
                    {
                        throw new SagaConcurrencyException(typeof(TSaga), typeof(T), conflicts, e);
                    }

                    metrics.Conflict(SagaName);
                    logger.ConflictRetried(SagaName, context.MessageId, attempt);
                    await Task.Delay(ConflictDelay(conflicts), time, cancellationToken);
                }
                else if (error == DatabaseError.Outage && time.GetUtcNow() < giveUpAt && !cancellationToken.IsCancellationRequested)
                {
                    var delay = DatabaseOutage.Delay(attempt);
                    metrics.Outage(SagaName);
                    logger.OutageRetried(SagaName, context.MessageId, attempt, delay, e);
                    await Task.Delay(delay, time, cancellationToken);
                }
                else if (error == DatabaseError.Outage)
                {
                    throw new DatabaseOutageException(typeof(TSaga), typeof(T), options.OutagePatience, e);
                }
                else
                {
                    throw;
                }
            }
        }
    }

    private async Task OneAttempt<T>(ConsumeContext<T> context, bool isQuery, Func<TDbContext, EventUnit<TSaga, T, TDbContext>, CancellationToken, Task> consume, CancellationToken cancellationToken)
        where T : class
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<TDbContext>();
        var capture = new OutgoingCapture<T>(context, scope.ServiceProvider, composers, scope.ServiceProvider, scope, database);
        using var injected = _scopedContext?.PushContext(scope, capture);
        await using var unit = new EventUnit<TSaga, T, TDbContext>(capture, database, isQuery, scope.ServiceProvider, _load, composers, dispatcher, confirmed, turns, options, metrics, time, logger);
        try
        {
            await consume(database, unit, cancellationToken);
            await unit.CommitDiscardedAsync();
        }
        catch (ConsumedBeforeException)
        {
            return;
        }

        await unit.SendWithoutStateAsync();
    }

    private static TimeSpan ConflictDelay(int conflicts) => TimeSpan.FromMilliseconds(Random.Shared.NextDouble() * Math.Min(500, 5 * Math.Pow(2, conflicts)));
}
