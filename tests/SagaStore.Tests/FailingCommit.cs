using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace Pipeline.SagaStore.Tests;

/// <summary>Lets one commit fail: before it happened, or after it, so that the writer cannot know that it did.</summary>
internal sealed class FailingCommit(Exception failure, bool afterTheCommit) : DbTransactionInterceptor
{
    private int _armed;

    public int Failures { get; private set; }

    /// <summary>The next commit fails.</summary>
    public void Arm() => Volatile.Write(ref _armed, 1);

    public override ValueTask<InterceptionResult> TransactionCommittingAsync(DbTransaction transaction, TransactionEventData eventData, InterceptionResult result, CancellationToken cancellationToken = default)
    {
        Fail(isAfter: false);
        return base.TransactionCommittingAsync(transaction, eventData, result, cancellationToken);
    }

    public override Task TransactionCommittedAsync(DbTransaction transaction, TransactionEndEventData eventData, CancellationToken cancellationToken = default)
    {
        Fail(isAfter: true);
        return base.TransactionCommittedAsync(transaction, eventData, cancellationToken);
    }

    private void Fail(bool isAfter)
    {
        if (isAfter == afterTheCommit && Interlocked.Exchange(ref _armed, 0) == 1)
        {
            Failures++;
            throw failure;
        }
    }
}
