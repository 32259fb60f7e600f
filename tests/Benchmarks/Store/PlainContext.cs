using MassTransit;
using MassTransit.Context;
using MassTransit.Saga;
using Microsoft.EntityFrameworkCore;

namespace Pipeline.Benchmarks.Store;

internal sealed class PlainContext<TMessage>(ConsumeContext<TMessage> context, TripsDbContext database) : ConsumeContextScope<TMessage>(context), SagaRepositoryContext<Trip, TMessage>
    where TMessage : class
{
    private static readonly Func<TripsDbContext, Guid, CancellationToken, Task<Trip?>> Find =
        EF.CompileAsyncQuery((TripsDbContext database, Guid id, CancellationToken _) => database.Set<Trip>().SingleOrDefault(x => x.CorrelationId == id));

    public async Task<SagaConsumeContext<Trip, TMessage>> Load(Guid correlationId) =>
        await Find(database, correlationId, CancellationToken) is { } trip ? await CreateSagaConsumeContext(this, trip, SagaConsumeContextMode.Load) : null!;

    public Task<SagaConsumeContext<Trip, TMessage>> Add(Trip instance) => CreateSagaConsumeContext(this, instance, SagaConsumeContextMode.Add);

    public async Task<SagaConsumeContext<Trip, TMessage>> Insert(Trip instance)
    {
        database.Add(instance);
        await database.SaveChangesAsync(CancellationToken);
        return await CreateSagaConsumeContext(this, instance, SagaConsumeContextMode.Insert);
    }

    public Task Save(SagaConsumeContext<Trip> context)
    {
        database.Add(context.Saga);
        return database.SaveChangesAsync(CancellationToken);
    }

    public Task Update(SagaConsumeContext<Trip> context) => database.SaveChangesAsync(CancellationToken);

    public Task Delete(SagaConsumeContext<Trip> context)
    {
        database.Remove(context.Saga);
        return database.SaveChangesAsync(CancellationToken);
    }

    public Task Discard(SagaConsumeContext<Trip> context) => Task.CompletedTask;

    public Task Undo(SagaConsumeContext<Trip> context) => Task.CompletedTask;

    public Task<SagaConsumeContext<Trip, T>> CreateSagaConsumeContext<T>(ConsumeContext<T> consumeContext, Trip instance, SagaConsumeContextMode mode)
        where T : class => Task.FromResult<SagaConsumeContext<Trip, T>>(new DefaultSagaConsumeContext<Trip, T>(consumeContext, instance));
}
