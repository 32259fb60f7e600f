using System.Collections.Concurrent;
using System.Linq.Expressions;
using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace Pipeline.SagaStore.Timers;

/// <summary>
/// Wakes sagas whose timer column is due, by a message to their endpoint. The column stays as it is until the saga itself moves it:
/// a lost message is sent again, a second one is recognised by its id.
/// </summary>
internal sealed class TimerSource<TSaga, TDbContext, TMessage>(
    Expression<Func<TSaga, DateTime?>> wakeAt,
    Uri destination,
    Func<Guid, DateTime, TMessage> createMessage,
    TimeProvider time) : ITimerSource<TDbContext>
    where TSaga : class, ISaga
    where TDbContext : DbContext
    where TMessage : class
{
    private static readonly TimeSpan SilenceAfterWake = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<Guid, (DateTime DueAt, DateTime SentAt)> _woken = new();

    public async Task WakeDueAsync(TDbContext database, IBus bus, RowStoreOptions options, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcDateTime;
        foreach (var (saga, woken) in _woken)
        {
            if (now - woken.SentAt > SilenceAfterWake)
            {
                _woken.TryRemove(saga, out _);
            }
        }

        var due = await database.Set<TSaga>().AsNoTracking().Where(IsDue(now)).OrderBy(wakeAt).Select(Projection()).Take(options.SweepBatch).ToListAsync(cancellationToken);
        if (due.Count == 0)
        {
            return;
        }

        var endpoint = await bus.GetSendEndpoint(destination);
        foreach (var timer in due)
        {
            var dueAt = DateTime.SpecifyKind(timer.DueAt, DateTimeKind.Utc);
            if (_woken.TryGetValue(timer.SagaId, out var woken) && woken.DueAt == dueAt)
            {
                continue;
            }

            var messageId = DerivedId.Of("timer", timer.SagaId, dueAt.Ticks.ToString(System.Globalization.CultureInfo.InvariantCulture));
            await endpoint.Send(createMessage(timer.SagaId, dueAt), Pipe.Execute<SendContext<TMessage>>(x => x.MessageId = messageId), cancellationToken)
                .WaitAsync(options.SendTimeout, time, cancellationToken);
            _woken[timer.SagaId] = (dueAt, now);
        }
    }

    private Expression<Func<TSaga, bool>> IsDue(DateTime now) =>
        Expression.Lambda<Func<TSaga, bool>>(Expression.LessThanOrEqual(wakeAt.Body, Parameter(now)), wakeAt.Parameters);

    private Expression<Func<TSaga, DueTimer>> Projection()
    {
        var saga = wakeAt.Parameters[0];
        return Expression.Lambda<Func<TSaga, DueTimer>>(
            Expression.MemberInit(
                Expression.New(typeof(DueTimer)),
                Expression.Bind(typeof(DueTimer).GetProperty(nameof(DueTimer.SagaId))!, Expression.Property(saga, nameof(ISaga.CorrelationId))),
                Expression.Bind(typeof(DueTimer).GetProperty(nameof(DueTimer.DueAt))!, Expression.Property(wakeAt.Body, nameof(Nullable<DateTime>.Value)))),
            saga);
    }

    // A captured variable becomes a query parameter, a constant would make a new query plan for every sweep.
    private static Expression Parameter(DateTime now)
    {
        DateTime? value = now;
        Expression<Func<DateTime?>> captured = () => value;
        return captured.Body;
    }

    private sealed class DueTimer
    {
        public Guid SagaId { get; init; }

        public DateTime DueAt { get; init; }
    }
}
