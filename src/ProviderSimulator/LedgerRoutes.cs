using Pipeline.ProviderSimulator.Limits;

namespace Pipeline.ProviderSimulator;

/// <summary><c>GET /ledger</c>, <c>/ledger/entries</c> and <c>/ledger/report</c>; <c>DELETE /ledger</c>.</summary>
internal static class LedgerRoutes
{
    private const int DefaultRecent = 100;

    public static void MapLedger(this IEndpointRouteBuilder routes, Ledger ledger, LimiterDirectory limiters)
    {
        routes.MapGet("/ledger", (int? recent) => recent is < 0
            ? Wrong($"recent is '{recent}'; ask for 0 or more entries")
            : Results.Json(ledger.Snapshot(recent ?? DefaultRecent), LedgerJson.Default.LedgerSnapshot));
        routes.MapDelete("/ledger", () =>
        {
            CatchUp(limiters);
            ledger.Clear();
            return Results.NoContent();
        });
        routes.MapGet("/ledger/entries", (DateTimeOffset? from, DateTimeOffset? to, string? organisation, string? project, string? key, string? model, string? invocation,
            string? idempotencyKey, Verdict? verdict, bool? foreign, int? limit) =>
        {
            if (limit is < 0 or > LedgerQuery.MaxLimit)
            {
                return Wrong($"limit is '{limit}'; ask for 0 to {LedgerQuery.MaxLimit} entries");
            }

            CatchUp(limiters);
            var query = new LedgerQuery
            {
                From = from,
                To = to,
                Organisation = organisation,
                Project = project,
                Key = key,
                Model = model,
                Invocation = invocation,
                IdempotencyKey = idempotencyKey,
                Verdict = verdict,
                Foreign = foreign,
                Limit = limit ?? LedgerQuery.DefaultLimit,
            };
            return Results.Json(ledger.Find(query), LedgerJson.Default.IReadOnlyListLedgerEntry);
        });
        routes.MapGet("/ledger/report", (DateTimeOffset? from, DateTimeOffset? to) =>
        {
            if (from >= to)
            {
                return Wrong($"from is '{from:O}' and to is '{to:O}'; let the span begin before it ends");
            }

            CatchUp(limiters);
            return Results.Json(ledger.Report(from, to), LedgerJson.Default.LedgerReport);
        });
    }

    private static IResult Wrong(string error) =>
        Results.Json(new Dictionary<string, string> { ["error"] = error }, statusCode: StatusCodes.Status400BadRequest);

    private static void CatchUp(LimiterDirectory limiters)
    {
        foreach (OrganisationLimiter limiter in limiters.All)
        {
            limiter.CatchUp();
        }
    }
}
