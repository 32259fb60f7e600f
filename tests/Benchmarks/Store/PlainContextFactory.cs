using MassTransit;
using MassTransit.Saga;

namespace Pipeline.Benchmarks.Store;

/// <summary>
/// An optimistic EF Core saga repository without inbox and outbox: one transaction, or the one that the outbox around it began.
/// </summary>
internal sealed class PlainContextFactory(TripsDbContext database) : ISagaRepositoryContextFactory<Trip>
{
    public async Task Send<T>(ConsumeContext<T> context, IPipe<SagaRepositoryContext<Trip, T>> next)
        where T : class
    {
        if (database.Database.CurrentTransaction is not null)
        {
            await next.Send(new PlainContext<T>(context, database));
            return;
        }

        await using var transaction = await database.Database.BeginTransactionAsync(context.CancellationToken);
        await next.Send(new PlainContext<T>(context, database));
        await transaction.CommitAsync(context.CancellationToken);
    }

    public Task SendQuery<T>(ConsumeContext<T> context, ISagaQuery<Trip> query, IPipe<SagaRepositoryQueryContext<Trip, T>> next)
        where T : class => throw new NotSupportedException("The benchmark's saga is correlated by its id only.");

    public void Probe(ProbeContext context) => context.CreateScope("sagaRepository");
}
