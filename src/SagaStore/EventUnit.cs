using MassTransit;
using MassTransit.Context;
using MassTransit.Saga;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Logging;
using Pipeline.SagaStore.Databases;
using Pipeline.SagaStore.Outgoing;

namespace Pipeline.SagaStore;

/// <summary>
/// One attempt at one event: its transaction, its instance, its outgoing messages. The steps are those of
/// <see cref="RowStoreContextFactory{TSaga,TDbContext}"/>.
/// </summary>
internal sealed class EventUnit<TSaga, TMessage, TDbContext>(
    OutgoingCapture<TMessage> capture,
    TDbContext database,
    bool isOneOfSeveral,
    IServiceProvider scope,
    Func<TDbContext, Guid, CancellationToken, Task<TSaga?>> load,
    MessageComposers composers,
    OutgoingDispatcher dispatcher,
    ConfirmedBatches<TDbContext> confirmed,
    InstanceTurns turns,
    RowStoreOptions options,
    SagaStoreMetrics metrics,
    TimeProvider time,
    ILogger logger) :
    ConsumeContextScope<TMessage>(capture),
    SagaRepositoryContext<TSaga, TMessage>,
    IAsyncDisposable
    where TSaga : class, ISaga
    where TMessage : class
    where TDbContext : DbContext
{
    private static readonly string SagaName = typeof(TSaga).Name;

    private IDbContextTransaction? _transaction;
    private IDisposable? _writer;
    private SemaphoreSlim? _turn;
    private TSaga? _discarded;

    public async Task<SagaConsumeContext<TSaga, TMessage>> Load(Guid correlationId)
    {
        await BeginAsync(correlationId);
        var started = time.GetTimestamp();
        var saga = await load(database, correlationId, CancellationToken);
        metrics.Loaded(SagaName, time.GetElapsedTime(started));
        var consumed = saga is null
            ? await ConsumedByCompletedAsync(correlationId)
            : database.Entry(saga).Property<byte[]>(SagaStoreModel.ConsumedProperty).CurrentValue;
        if (MessageId is { } messageId && consumed is not null && ConsumedMessages.Contains(consumed, messageId))
        {
            metrics.Duplicate(SagaName);
            logger.DuplicateIgnored(SagaName, correlationId, messageId);
            await SendUnconfirmedAgainAsync(correlationId);
            // Of several instances that the event reaches, the others may not have consumed it yet.
            return isOneOfSeveral ? null! : throw new ConsumedBeforeException();
        }

        return saga is null ? null! : await CreateSagaConsumeContext(this, saga, SagaConsumeContextMode.Load);
    }

    public async Task<SagaConsumeContext<TSaga, TMessage>> Add(TSaga instance)
    {
        await BeginAsync(instance.CorrelationId);
        return await CreateSagaConsumeContext(this, instance, SagaConsumeContextMode.Add);
    }

    public async Task<SagaConsumeContext<TSaga, TMessage>> Insert(TSaga instance)
    {
        await BeginAsync(instance.CorrelationId);
        if (MessageId is { } messageId && await ConsumedByCompletedAsync(instance.CorrelationId) is { } consumed && ConsumedMessages.Contains(consumed, messageId))
        {
            return null!;
        }

        // The id of this message is recorded by the update that ends the event, not here: a row that remembers it would end the event too early.
        AddRow(instance, []);
        try
        {
            await database.SaveChangesAsync(CancellationToken);
        }
        catch (DbUpdateException e) when (DatabaseErrors.Classify(e) == DatabaseError.Conflict)
        {
            // A failed statement may have ended the transaction: Load starts another.
            database.ChangeTracker.Clear();
            await RollbackAsync();
            return null!;
        }

        return await CreateSagaConsumeContext(this, instance, SagaConsumeContextMode.Insert);
    }

    public Task Save(SagaConsumeContext<TSaga> context)
    {
        AddRow(context.Saga, WithThisMessage([]));
        return CommitAsync(context.Saga);
    }

    public Task Update(SagaConsumeContext<TSaga> context)
    {
        var row = database.Entry(context.Saga);
        var consumed = row.Property<byte[]>(SagaStoreModel.ConsumedProperty);
        consumed.CurrentValue = WithThisMessage(consumed.CurrentValue);
        if (database.Database.Kind() == DatabaseKind.Sqlite)
        {
            var version = row.Property<long>(SagaStoreModel.VersionProperty);
            version.CurrentValue++;
        }

        return CommitAsync(context.Saga);
    }

    public async Task Delete(SagaConsumeContext<TSaga> context)
    {
        var row = database.Entry(context.Saga);
        await RememberCompletedAsync(context.Saga, row.Property<byte[]>(SagaStoreModel.ConsumedProperty).CurrentValue);
        database.Remove(context.Saga);
        await CommitAsync(context.Saga);
    }

    /// <summary>
    /// Called both when the saga ended with its first event and when that event failed, a failed commit included; which of the two is
    /// known only once the event is over. See <see cref="CommitDiscardedAsync"/>.
    /// </summary>
    public Task Discard(SagaConsumeContext<TSaga> context)
    {
        _discarded = context.Saga;
        return Task.CompletedTask;
    }

    public async Task Undo(SagaConsumeContext<TSaga> context)
    {
        database.ChangeTracker.Clear();
        await RollbackAsync();
    }

    public Task<SagaConsumeContext<TSaga, T>> CreateSagaConsumeContext<T>(ConsumeContext<T> consumeContext, TSaga instance, SagaConsumeContextMode mode)
        where T : class =>
        Task.FromResult<SagaConsumeContext<TSaga, T>>(new DefaultSagaConsumeContext<TSaga, T>(consumeContext, instance));

    /// <summary>The saga ended with its first event, without an exception: it never had a row, but its messages and its memory are as durable as any.</summary>
    public async Task CommitDiscardedAsync()
    {
        if (_discarded is { } saga)
        {
            await RememberCompletedAsync(saga, []);
            await CommitAsync(saga);
        }
    }

    /// <summary>
    /// Sends what was sent without any state being committed: answers to questions, answers for a missing instance. Nothing is stored:
    /// a crash before the acknowledgement makes the broker deliver the question again.
    /// </summary>
    public async Task SendWithoutStateAsync()
    {
        var messages = await capture.FreezeAsync();
        await RollbackAsync();
        if (messages.Count > 0)
        {
            await ComposeAsync(messages);
            await dispatcher.SendAsync(messages, options.SendTimeout, CancellationToken);
        }
    }

    public async ValueTask DisposeAsync() => await RollbackAsync();

    private async Task BeginAsync(Guid instance)
    {
        if (_transaction is not null)
        {
            return;
        }

        _turn ??= await turns.EnterAsync(instance, CancellationToken);
        _writer ??= await SqliteWriters.EnterAsync(database, CancellationToken);
        database.Database.AutoSavepointsEnabled = false;
        _transaction = await database.Database.BeginTransactionAsync(CancellationToken);
        capture.Thaw();
    }

    private void AddRow(TSaga saga, byte[] consumed)
    {
        var row = database.Entry(saga);
        if (row.State == EntityState.Detached)
        {
            row.State = EntityState.Added;
        }

        row.Property<byte[]>(SagaStoreModel.ConsumedProperty).CurrentValue = consumed;
        if (database.Database.Kind() == DatabaseKind.Sqlite && row.State == EntityState.Added)
        {
            row.Property<long>(SagaStoreModel.VersionProperty).CurrentValue = 1;
        }
    }

    private byte[] WithThisMessage(byte[]? consumed) =>
        MessageId is { } messageId ? ConsumedMessages.Add(consumed, messageId, options.ConsumedLimit) : consumed ?? [];

    private async Task CommitAsync(TSaga saga)
    {
        var messages = await capture.FreezeAsync();
        var batch = BatchId(saga.CorrelationId);
        if (messages.Count > 0)
        {
            database.Add(Batch(batch, saga, messages));
        }

        var started = time.GetTimestamp();
        await database.SaveChangesAsync(CancellationToken);
        await ComposeAsync(messages);
        using var underWay = messages.Count > 0 ? dispatcher.Announce(batch) : null;
        CrashPoint.Reach(CrashPoint.BeforeCommit);
        // Cancelling a commit leaves its outcome unknown.
        await _transaction!.CommitAsync(CancellationToken.None);
        CrashPoint.Reach(CrashPoint.AfterCommit);
        metrics.Committed(SagaName, time.GetElapsedTime(started));
        database.ChangeTracker.Clear();
        await RollbackAsync();
        if (messages.Count > 0)
        {
            await SendCommittedAsync(batch, saga.CorrelationId, messages);
        }
    }

    private async Task SendCommittedAsync(Guid batch, Guid sagaId, List<CapturedMessage> messages)
    {
        try
        {
            await dispatcher.SendAsync(messages, options.SendTimeout, CancellationToken);
            CrashPoint.Reach(CrashPoint.AfterSend);
            await confirmed.AddAsync(batch, CancellationToken);
        }
#pragma warning disable CA1031 // The state is committed: whatever keeps the messages from leaving, they are in the table and the sweeper sends them.
        catch (Exception e)
#pragma warning restore CA1031
        {
            logger.LeftToSweeper(SagaName, sagaId, messages.Count, e);
        }
    }

    private async Task SendUnconfirmedAgainAsync(Guid sagaId)
    {
        var id = BatchId(sagaId);
        await RollbackAsync();
        try
        {
            await dispatcher.WhenSentAsync(id).WaitAsync(options.SendTimeout, time, CancellationToken);
        }
        catch (TimeoutException)
        {
            // The first delivery's send hangs. It is in the table; the sweeper sends it.
            return;
        }

        if (confirmed.Contains(id) || await database.Set<OutgoingBatch>().AsNoTracking().SingleOrDefaultAsync(x => x.Id == id, CancellationToken) is not { ParkedAt: null } batch)
        {
            return;
        }

        var messages = StoredMessage.Unpack(batch.Body);
        using var underWay = dispatcher.Announce(id);
        await dispatcher.SendAgainAsync(messages, capture.ReceiveContextBeforeCapture.SendEndpointProvider, scope, options.SendTimeout, CancellationToken);
        metrics.SentAgain(messages.Count);
        await confirmed.AddAsync(id, CancellationToken);
    }

    private async Task ComposeAsync(List<CapturedMessage> messages)
    {
        foreach (var captured in messages)
        {
            if (captured.Message.Composer is { } composer)
            {
                captured.Composed = await composers.ComposeAsync(scope, composer, captured.Message.Body, CancellationToken);
            }
        }
    }

    private OutgoingBatch Batch(Guid id, TSaga saga, List<CapturedMessage> messages)
    {
        var now = time.GetUtcNow().UtcDateTime;
        return new OutgoingBatch
        {
            Id = id,
            Saga = SagaName,
            SagaId = saga.CorrelationId,
            Body = StoredMessage.Pack(messages.ConvertAll(x => x.Message)),
            CommittedAt = now,
            NextAttemptAt = now + options.SweepGrace,
        };
    }

    private Guid BatchId(Guid sagaId) => MessageId is { } messageId ? DerivedId.Of(SagaName, sagaId, messageId) : NewId.NextGuid();

    private static Guid CompletedId(Guid sagaId) => DerivedId.Of("completed", sagaId, SagaName);

    private async Task<byte[]?> ConsumedByCompletedAsync(Guid sagaId)
    {
        var id = CompletedId(sagaId);
        return await database.Set<OutgoingBatch>().AsNoTracking().Where(x => x.Id == id).Select(x => x.Body).SingleOrDefaultAsync(CancellationToken);
    }

    private async Task RememberCompletedAsync(TSaga saga, byte[]? consumed)
    {
        var id = CompletedId(saga.CorrelationId);
        var now = time.GetUtcNow().UtcDateTime;
        var memory = await database.Set<OutgoingBatch>().SingleOrDefaultAsync(x => x.Id == id, CancellationToken);
        if (memory is null)
        {
            memory = new OutgoingBatch { Id = id, Saga = SagaName, SagaId = saga.CorrelationId, CommittedAt = now };
            database.Add(memory);
        }

        memory.Body = WithThisMessage(consumed);
        memory.ExpiresAt = now + options.CompletedMemory;
    }

    private async Task RollbackAsync()
    {
        if (_transaction is { } transaction)
        {
            _transaction = null;
            await transaction.DisposeAsync();
        }

        _writer?.Dispose();
        _writer = null;
        _turn?.Release();
        _turn = null;
    }
}
