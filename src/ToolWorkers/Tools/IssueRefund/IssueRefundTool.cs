using MassTransit;
using Microsoft.EntityFrameworkCore;
using Pipeline.ToolWorkers.Accounts;
using Pipeline.ToolWorkers.Calls;
using Pipeline.ToolWorkers.Persistence;

namespace Pipeline.ToolWorkers.Tools.IssueRefund;

/// <summary>
/// Refunds a transaction, once. Refund, balance, ledger entry and the call's recorded result are one database transaction: the call's
/// outcome is always known, and a run that lost its call to the time limit loses its refund with it.
/// </summary>
internal sealed class IssueRefundTool(IServiceScopeFactory scopes, TimeProvider time) : ITool
{
    /// <summary>Each round of a conflict has a winner: enough for as many writers of one account as a process has slots.</summary>
    private const int MaxAttempts = 50;

    private const int AttemptsWithoutDelay = 3;

    public string Name => "issue_refund";

    public bool RecordsOutcome => true;

    public async Task<ToolOutput> ExecuteAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var arguments = call.ReadArguments<IssueRefundArguments>();
        for (var attempt = 1; ; attempt++)
        {
            await using var scope = scopes.CreateAsyncScope();
            try
            {
                return await IssueAsync(scope.ServiceProvider.GetRequiredService<ToolWorkersDbContext>(), call, arguments, cancellationToken);
            }
            catch (Exception e) when (attempt < MaxAttempts && DatabaseConflict.Is(e))
            {
                // Somebody else wrote the same account, or this very call: read again, decide again.
                if (attempt > AttemptsWithoutDelay)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(1, 10 * attempt)), time, cancellationToken);
                }
            }
        }
    }

    private async Task<ToolOutput> IssueAsync(ToolWorkersDbContext database, ToolCall call, IssueRefundArguments arguments, CancellationToken cancellationToken)
    {
        var record = await database.Calls.SingleAsync(x => x.CallId == call.CallId, cancellationToken);
        if (record.State == CallState.Finished)
        {
            // Another run of this call answered first; what it recorded is the answer, whatever this run would say.
            return new ToolOutput(record.Answer()?.Result ?? "");
        }

        if (await database.Refunds.AsNoTracking().SingleOrDefaultAsync(x => x.CallId == call.CallId, cancellationToken) is { } earlier)
        {
            // The call's record is gone (retention), its refund is not.
            return Issued(earlier);
        }

        var transaction = await database.Transactions.SingleOrDefaultAsync(x => x.Id == arguments.TransactionId, cancellationToken);
        if (transaction is null)
        {
            return ToolOutput.Refused("transaction_not_found", $"No transaction has the id '{arguments.TransactionId}'. List the account's transactions first.");
        }

        var account = await database.Accounts.SingleAsync(x => x.Id == transaction.AccountId, cancellationToken);
        if (Refusal(transaction, account, arguments) is { } refusal)
        {
            return refusal;
        }

        var now = time.GetUtcNow();
        var refund = new Refund
        {
            Id = $"ref_{NewId.NextGuid():N}",
            TransactionId = transaction.Id,
            CallId = call.CallId,
            AmountCents = arguments.AmountCents,
            Reason = arguments.Reason,
            At = now,
        };
        var output = Issued(refund);
        transaction.RefundedCents += arguments.AmountCents;
        account.BalanceCents += arguments.AmountCents;
        database.Refunds.Add(refund);
        database.Ledger.Add(new LedgerEntry
        {
            Id = $"led_{NewId.NextGuid():N}",
            AccountId = account.Id,
            RefundId = refund.Id,
            CallId = call.CallId,
            AmountCents = arguments.AmountCents,
            BalanceAfterCents = account.BalanceCents,
            At = now,
        });
        record.Finish(ToolAnswer.Succeeded(output, now - record.StartedAt), now);
        await database.SaveChangesAsync(cancellationToken);
        return output;
    }

    private static ToolOutput? Refusal(AccountTransaction transaction, Account account, IssueRefundArguments arguments)
    {
        if (transaction.RefundedCents > 0)
        {
            return ToolOutput.Refused("already_refunded", $"The transaction '{transaction.Id}' was refunded before, {transaction.RefundedCents} cents. It is not refunded again.");
        }

        if (transaction.Status != "settled")
        {
            return ToolOutput.Refused("transaction_pending", $"The transaction '{transaction.Id}' is '{transaction.Status}'. It can be refunded once it is settled.");
        }

        if (account.Status == "closed")
        {
            return ToolOutput.Refused("account_closed", $"The account '{account.Id}' is closed. Refer the customer to an agent who can pay out elsewhere.");
        }

        return arguments.AmountCents > transaction.AmountCents
            ? ToolOutput.Refused("amount_exceeds_transaction", $"{arguments.AmountCents} cents are more than the transaction's {transaction.AmountCents}. Refund at most that.")
            : null;
    }

    private static ToolOutput Issued(Refund refund) =>
        ToolOutput.Json(new { refundId = refund.Id, transactionId = refund.TransactionId, amountCents = refund.AmountCents, status = "issued" });
}
