using System.Diagnostics;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Pipeline.SagaStore.Databases;
using Pipeline.SagaStore.Timers;

namespace Pipeline.SagaStore.Outgoing;

/// <summary>
/// Nothing is ever stuck: sends again what was committed but not confirmed, wakes the sagas whose timer is due, and forgets what may be forgotten.
/// Several processes may sweep the same table: a batch is claimed by moving its next attempt, and a double send has the same message ids.
/// </summary>
internal sealed class OutgoingSweeper<TDbContext>(
    IServiceScopeFactory scopes,
    IBusControl bus,
    OutgoingDispatcher dispatcher,
    ConfirmedBatches<TDbContext> confirmed,
    IEnumerable<ITimerSource<TDbContext>> timers,
    RowStoreOptions options,
    SagaStoreMetrics metrics,
    TimeProvider time,
    ILogger<OutgoingSweeper<TDbContext>> logger) : BackgroundService
    where TDbContext : DbContext
{
    private readonly ITimerSource<TDbContext>[] _timers = [.. timers];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await Task.Delay(options.SweepInterval * (0.75 + (Random.Shared.NextDouble() / 2)), time, stoppingToken);
            try
            {
                await SweepAsync(stoppingToken);
            }
#pragma warning disable CA1031 // The sweeper outlives an outage of the database or the broker.
            catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                logger.SweepFailed(typeof(TDbContext).Name, e);
            }
        }
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        // While the broker is away an attempt would only be wasted. One endpoint in trouble is no reason to keep the others' messages.
        if (bus.CheckHealth().Status == BusHealthStatus.Unhealthy)
        {
            return;
        }

        await SendUnconfirmedAsync(cancellationToken);
        await WakeSagasAsync(cancellationToken);
        await ForgetCompletedAsync(cancellationToken);
    }

    private async Task SendUnconfirmedAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await using var scope = scopes.CreateAsyncScope();
            var database = scope.ServiceProvider.GetRequiredService<TDbContext>();
            var now = Now;
            var due = await database.Set<OutgoingBatch>().AsNoTracking()
                .Where(x => x.NextAttemptAt <= now)
                .OrderBy(x => x.NextAttemptAt)
                .Take(options.SweepBatch)
                .ToListAsync(cancellationToken);
            metrics.PendingAge(due.Count == 0 ? TimeSpan.Zero : now - due.Min(x => x.CommittedAt));
            foreach (var batch in due)
            {
                if (!confirmed.Contains(batch.Id) && await ClaimAsync(database, batch, cancellationToken))
                {
                    await SendAgainAsync(scope.ServiceProvider, database, batch, cancellationToken);
                }
            }

            if (due.Count < options.SweepBatch)
            {
                return;
            }
        }
    }

    /// <summary>Moves the next attempt before the send, so that a process that dies here leaves the batch to a later sweep.</summary>
    private async Task<bool> ClaimAsync(TDbContext database, OutgoingBatch batch, CancellationToken cancellationToken)
    {
        var backoff = options.SweepGrace * Math.Pow(2, Math.Min(batch.Attempts, 16));
        var next = Now + (backoff < options.LongestSendBackoff ? backoff : options.LongestSendBackoff) + options.SendTimeout;
        using var turn = await SqliteWriters.EnterAsync(database, cancellationToken);
        return await database.Set<OutgoingBatch>()
            .Where(x => x.Id == batch.Id && x.Attempts == batch.Attempts && x.ParkedAt == null)
            .ExecuteUpdateAsync(x => x.SetProperty(y => y.NextAttemptAt, next).SetProperty(y => y.Attempts, batch.Attempts + 1), cancellationToken) == 1;
    }

    private async Task SendAgainAsync(IServiceProvider scope, TDbContext database, OutgoingBatch batch, CancellationToken cancellationToken)
    {
        try
        {
            CrashPoint.Reach(CrashPoint.SweepClaimed);
            var messages = StoredMessage.Unpack(batch.Body);
            using var activity = SagaStoreMetrics.Activities.StartActivity("saga.outgoing.resend", ActivityKind.Producer, messages.FirstOrDefault()?.TraceParent);
            activity?.SetTag("saga.id", batch.SagaId);
            await dispatcher.SendAgainAsync(messages, bus, scope, options.SendTimeout, cancellationToken);
            CrashPoint.Reach(CrashPoint.SweepSent);
            metrics.SentAgain(messages.Count);
            logger.SentAgain(batch.Saga, batch.SagaId, messages.Count, batch.Attempts + 1);
            await confirmed.AddAsync(batch.Id, cancellationToken);
        }
#pragma warning disable CA1031 // One bad batch must not hold up the others.
        catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            await RecordFailureAsync(database, batch, e, cancellationToken);
        }
    }

    private async Task RecordFailureAsync(TDbContext database, OutgoingBatch batch, Exception exception, CancellationToken cancellationToken)
    {
        var text = $"{exception.GetType().Name}: {exception.Message}";
        var error = text.Length > 1000 ? text[..1000] : text;
        // A format that cannot be read will not become readable: only an operator or another version can help.
        var park = exception is InvalidDataException || batch.Attempts + 1 >= options.SendAttempts;
        using var turn = await SqliteWriters.EnterAsync(database, cancellationToken);
        var row = database.Set<OutgoingBatch>().Where(x => x.Id == batch.Id);
        if (!park)
        {
            logger.SendFailed(batch.Saga, batch.SagaId, batch.Attempts + 1, exception);
            await row.ExecuteUpdateAsync(x => x.SetProperty(y => y.LastError, error), cancellationToken);
            return;
        }

        var now = Now;
        logger.Parked(batch.Saga, batch.SagaId, batch.Id, batch.Attempts + 1, exception);
        metrics.Parked();
        await row.ExecuteUpdateAsync(
            x => x.SetProperty(y => y.LastError, error).SetProperty(y => y.ParkedAt, now).SetProperty(y => y.NextAttemptAt, (DateTime?)null),
            cancellationToken);
    }

    private async Task WakeSagasAsync(CancellationToken cancellationToken)
    {
        foreach (var source in _timers)
        {
            await using var scope = scopes.CreateAsyncScope();
            var database = scope.ServiceProvider.GetRequiredService<TDbContext>();
            await source.WakeDueAsync(database, bus, options, cancellationToken);
        }
    }

    private async Task ForgetCompletedAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<TDbContext>();
        var now = Now;
        var expired = await database.Set<OutgoingBatch>().Where(x => x.ExpiresAt <= now).OrderBy(x => x.ExpiresAt).Take(options.SweepBatch).Select(x => x.Id).ToListAsync(cancellationToken);
        if (expired.Count > 0)
        {
            using var turn = await SqliteWriters.EnterAsync(database, cancellationToken);
            await database.Set<OutgoingBatch>().Where(x => expired.Contains(x.Id)).ExecuteDeleteAsync(cancellationToken);
        }
    }

    private DateTime Now => time.GetUtcNow().UtcDateTime;
}
