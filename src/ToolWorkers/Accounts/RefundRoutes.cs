using Microsoft.EntityFrameworkCore;
using Pipeline.ToolWorkers.Persistence;

namespace Pipeline.ToolWorkers.Accounts;

/// <summary>The sample bank's refunds, so that what an agent claims can be checked against what was written.</summary>
internal static class RefundRoutes
{
    private const int LargestPage = 1000;

    public static void MapRefunds(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/refunds", async (ToolWorkersDbContext database, string? after, CancellationToken cancellationToken) =>
            await database.Refunds.AsNoTracking()
                .Where(x => after == null || string.Compare(x.Id, after) > 0)
                .OrderBy(x => x.Id)
                .Take(LargestPage)
                .Select(x => new { refundId = x.Id, transactionId = x.TransactionId, amountCents = x.AmountCents, callId = x.CallId, reason = x.Reason })
                .ToListAsync(cancellationToken));
}
