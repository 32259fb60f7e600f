using Microsoft.EntityFrameworkCore;
using Pipeline.LlmGateway.Accounting;
using Pipeline.LlmGateway.Persistence;

namespace Pipeline.LlmGateway.Inspection;

/// <summary>What was used, summed up by one dimension over a span of time.</summary>
internal sealed class UsageReport(LlmGatewayDbContext database)
{
    private const int MostRows = 10_000;

    public static readonly IReadOnlyList<string> Dimensions = ["tenant", "agent", "key", "model", "pool", "day"];

    public async Task<object> ReadAsync(string by, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var calls = database.Calls.AsNoTracking().Where(x => x.DispatchedAt >= from && x.DispatchedAt < to && x.Outcome != ModelCall.NotSent);
        var rows = by == "day" ? await ByDayAsync(calls, from, to, cancellationToken) : await SumAsync(by switch
        {
            "agent" => calls.GroupBy(x => x.Agent),
            "key" => calls.GroupBy(x => x.KeyAlias),
            "model" => calls.GroupBy(x => x.Model),
            "pool" => calls.GroupBy(x => x.Pool),
            _ => calls.GroupBy(x => x.Tenant),
        }, cancellationToken);
        return new { by, from, to, rows };
    }

    private static async Task<List<UsageRow>> SumAsync(IQueryable<IGrouping<string, ModelCall>> groups, CancellationToken cancellationToken) =>
        await groups.Select(x => new UsageRow(
                x.Key,
                x.Count(),
                x.Count(y => y.Outcome == ModelCall.Answered),
                x.Count(y => y.Outcome == ModelCall.Unknown),
                x.Sum(y => (long)y.InputTokens),
                x.Sum(y => (long)y.OutputTokens),
                x.Sum(y => (long)y.CachedTokens)))
            .Take(MostRows).ToListAsync(cancellationToken);

    /// <summary>Day by day: how a day is cut out of a time, each database says in its own way.</summary>
    private static async Task<List<UsageRow>> ByDayAsync(IQueryable<ModelCall> calls, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var rows = new List<UsageRow>();
        for (var day = new DateTimeOffset(from.Date, TimeSpan.Zero); day < to; day = day.AddDays(1))
        {
            var (begin, end) = (day, day.AddDays(1));
            var name = $"{day:yyyy-MM-dd}";
            rows.AddRange((await SumAsync(calls.Where(x => x.DispatchedAt >= begin && x.DispatchedAt < end).GroupBy(_ => ""), cancellationToken)).Select(x => x with { Name = name }));
        }

        return rows;
    }
}

/// <summary>One sum.</summary>
/// <param name="Name">What it is of.</param>
/// <param name="Calls">Calls that were made, or may have been.</param>
/// <param name="Answered">Of them, those that a model answered.</param>
/// <param name="Unknown">Of them, those whose end nobody knows: their tokens are not in the sums.</param>
/// <param name="InputTokens">As billed, cached ones included.</param>
/// <param name="OutputTokens">As billed.</param>
/// <param name="CachedTokens">The part of the input that came from the provider's cache.</param>
internal sealed record UsageRow(string Name, int Calls, int Answered, int Unknown, long InputTokens, long OutputTokens, long CachedTokens);
