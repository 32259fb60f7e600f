using System.Data;
using MassTransit;
using MassTransit.Middleware;
using Microsoft.EntityFrameworkCore;

namespace Pipeline.Benchmarks.Store;

/// <summary>
/// The inbox and outbox that most users of MassTransit know: one transaction to create the inbox row, one to consume, one for every message
/// delivered and one that finds no more, one to remove them. MassTransit's own <see cref="OutboxMessagePipe{TMessage}"/> drives the passes.
/// </summary>
internal sealed class TablesOutboxContextFactory(TripsDbContext database, IServiceProvider services) : IOutboxContextFactory<TripsDbContext>
{
    public async Task Send<T>(ConsumeContext<T> context, OutboxConsumeOptions options, IPipe<OutboxConsumeContext<T>> next)
        where T : class
    {
        while (await OnePassAsync(context, options, next))
        {
        }
    }

    public void Probe(ProbeContext context) => context.CreateScope("outboxTables");

    private async Task<bool> OnePassAsync<T>(ConsumeContext<T> context, OutboxConsumeOptions options, IPipe<OutboxConsumeContext<T>> next)
        where T : class
    {
        var (messageId, consumerId) = (context.MessageId!.Value, options.ConsumerId);
        await using var transaction = await database.Database.BeginTransactionAsync(IsolationLevel.RepeatableRead, context.CancellationToken);
        var goOn = true;
        var inbox = await database.Set<InboxRow>()
            .FromSql($"""SELECT * FROM inbox_state WHERE "MessageId" = {messageId} AND "ConsumerId" = {consumerId} FOR UPDATE""")
            .SingleOrDefaultAsync(context.CancellationToken);
        if (inbox is null)
        {
            database.Add(new InboxRow { MessageId = messageId, ConsumerId = consumerId, LockId = NewId.NextGuid(), Received = TimeProvider.System.GetUtcNow().UtcDateTime });
            await database.SaveChangesAsync(context.CancellationToken);
        }
        else
        {
            inbox.LockId = NewId.NextGuid();
            inbox.ReceiveCount++;
            await database.SaveChangesAsync(context.CancellationToken);
            var pass = new TablesOutboxConsumeContext<T>(context, options, services, database, inbox);
            await next.Send(pass);
            goOn = pass.ContinueProcessing;
        }

        await transaction.CommitAsync(context.CancellationToken);
        return goOn;
    }
}
