using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace Pipeline.SagaStore.Timers;

/// <summary>The timers of one saga type, for a sweeper that serves all saga types of a DbContext.</summary>
internal interface ITimerSource<in TDbContext>
    where TDbContext : DbContext
{
    Task WakeDueAsync(TDbContext database, IBus bus, RowStoreOptions options, CancellationToken cancellationToken);
}
