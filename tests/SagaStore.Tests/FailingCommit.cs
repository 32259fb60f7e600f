using System.Data.Common;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Pipeline.SagaStore.Tests.Samples;

namespace Pipeline.SagaStore.Tests;

/// <summary>Lets one commit of an event fail: before it happened, or after it, so that the writer cannot know that it did.</summary>
internal sealed class FailingCommit(Exception failure, bool afterTheCommit) : DbTransactionInterceptor
{
    private int _armed;

    public int Failures { get; private set; }

    /// <summary>The next commit of an event fails; the sweeper's are left alone.</summary>
    public void Arm() => Volatile.Write(ref _armed, 1);

    public override ValueTask<InterceptionResult> TransactionCommittingAsync(DbTransaction transaction, TransactionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default)
    {
        Fail(eventData.Context, isAfter: false);
        return base.TransactionCommittingAsync(transaction, eventData, result, cancellationToken);
    }

    public override Task TransactionCommittedAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        Fail(eventData.Context, isAfter: true);
        return base.TransactionCommittedAsync(transaction, eventData, cancellationToken);
    }

    private void Fail(DbContext? context, bool isAfter)
    {
        if (isAfter == afterTheCommit && context!.ChangeTracker.Entries<Order>().Any() && Interlocked.Exchange(ref _armed, 0) == 1)
        {
            Failures++;
            throw failure;
        }
    }
}
