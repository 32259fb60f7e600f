using MassTransit;
using MassTransit.Middleware;
using MassTransit.Middleware.Outbox;
using Microsoft.EntityFrameworkCore;

namespace Pipeline.Benchmarks.Store;

/// <summary>What one pass reads and writes of the inbox and outbox tables.</summary>
internal sealed class TablesOutboxConsumeContext<TMessage>(
    ConsumeContext<TMessage> context,
    OutboxConsumeOptions options,
    IServiceProvider services,
    TripsDbContext database,
    InboxRow inbox) : OutboxConsumeContextProxy<TMessage>(context, options, services)
    where TMessage : class
{
    public override bool ContinueProcessing { get; set; } = true;

    public override bool IsMessageConsumed => inbox.Consumed.HasValue;

    public override bool IsOutboxDelivered => inbox.Delivered.HasValue;

    public override int ReceiveCount => inbox.ReceiveCount;

    public override long? LastSequenceNumber => inbox.LastSequenceNumber;

    private IQueryable<OutboxRow> Rows => database.Set<OutboxRow>().Where(x => x.InboxMessageId == inbox.MessageId && x.InboxConsumerId == inbox.ConsumerId);

    public override Task SetConsumed()
    {
        inbox.Consumed = Now();
        return database.SaveChangesAsync(CancellationToken);
    }

    public override Task SetDelivered()
    {
        inbox.Delivered = Now();
        return database.SaveChangesAsync(CancellationToken);
    }

    public override async Task<List<OutboxMessageContext>> LoadOutboxMessages()
    {
        var last = inbox.LastSequenceNumber ?? 0;
        var rows = await Rows.AsNoTracking().Where(x => x.SequenceNumber > last).OrderBy(x => x.SequenceNumber).Take(Options.MessageDeliveryLimit + 1).ToListAsync(CancellationToken);
        return rows.ConvertAll(OutboxMessageContext (x) => new StoredOutboxMessage(x));
    }

    public override Task NotifyOutboxMessageDelivered(OutboxMessageContext message)
    {
        inbox.LastSequenceNumber = message.SequenceNumber;
        return database.SaveChangesAsync(CancellationToken);
    }

    public override async Task RemoveOutboxMessages()
    {
        database.RemoveRange(await Rows.ToListAsync(CancellationToken));
        await database.SaveChangesAsync(CancellationToken);
    }

    public override Task AddSend<T>(SendContext<T> context)
    {
        database.Add(new OutboxRow
        {
            InboxMessageId = inbox.MessageId,
            InboxConsumerId = inbox.ConsumerId,
            SentTime = Now(),
            MessageId = context.MessageId ?? NewId.NextGuid(),
            ConversationId = context.ConversationId,
            CorrelationId = context.CorrelationId,
            InitiatorId = context.InitiatorId,
            ContentType = context.ContentType?.ToString() ?? context.Serializer.ContentType.ToString(),
            MessageType = string.Join(";", context.SupportedMessageTypes),
            Body = context.Serializer.GetMessageBody(context).GetString(),
            SourceAddress = context.SourceAddress?.ToString(),
            DestinationAddress = context.DestinationAddress!.ToString(),
        });
        return Task.CompletedTask;
    }

    private static DateTime Now() => TimeProvider.System.GetUtcNow().UtcDateTime;
}
