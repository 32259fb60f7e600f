using Microsoft.EntityFrameworkCore;
using Pipeline.ToolWorkers.Persistence;

namespace Pipeline.ToolWorkers.Tools.ListTransactions;

/// <summary>Lists an account's transactions, newest first. Days are UTC days; both ends are included.</summary>
internal sealed class ListTransactionsTool(ToolWorkersDbContext database) : ITool
{
    private const int LimitWhenAbsent = 20;
    private const int MaxLimit = 100;

    public string Name => "list_transactions";

    public async Task<ToolOutput> ExecuteAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var arguments = call.ReadArguments<ListTransactionsArguments>();
        var query = database.Transactions.AsNoTracking().Where(x => x.AccountId == arguments.AccountId);
        if (arguments.From is { } from)
        {
            var begin = StartOf(from);
            query = query.Where(x => x.At >= begin);
        }

        if (arguments.To is { } to && to < DateOnly.MaxValue)
        {
            var end = StartOf(to.AddDays(1));
            query = query.Where(x => x.At < end);
        }

        if (!string.IsNullOrWhiteSpace(arguments.Merchant))
        {
            var merchant = arguments.Merchant.Trim().ToLowerInvariant();
            query = query.Where(x => x.MerchantKey.Contains(merchant));
        }

        var transactions = await query
            .OrderByDescending(x => x.At).ThenBy(x => x.Id)
            .Take(Math.Clamp(arguments.Limit ?? LimitWhenAbsent, 1, MaxLimit))
            .Select(x => new { id = x.Id, at = x.At, merchant = x.Merchant, amountCents = x.AmountCents, currency = x.Currency, status = x.Status, refundedCents = x.RefundedCents })
            .ToListAsync(cancellationToken);
        return ToolOutput.Json(new { transactions });
    }

    private static DateTimeOffset StartOf(DateOnly day) => new(day, TimeOnly.MinValue, TimeSpan.Zero);
}
