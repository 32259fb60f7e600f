using System.Text.Json;
using Npgsql;

namespace Pipeline.Chaos.Tests.Checks;

/// <summary>Everything that is known after a run, from the places where it is kept: two databases, the provider's ledger, the logs.</summary>
internal sealed record Evidence
{
    private const string InvocationsQuestion = """
        SELECT i."CorrelationId", i."IdempotencyKey", i."CurrentState", i."Degraded", i."LastSeq", i."AcceptedAt", i."EndedAt", i."Code",
          count(t."Seq")::int, coalesce(min(t."Seq"), 0), coalesce(max(t."Seq"), 0),
          (count(*) FILTER (WHERE t."Kind" IN ('completed', 'failed', 'expired', 'cancelled')))::int,
          coalesce((array_agg(t."Kind" ORDER BY t."Seq" DESC))[1], ''),
          (count(*) FILTER (WHERE t."Kind" = 'tool_succeeded' AND t."Payload" LIKE '%refundId%' AND t."Payload" LIKE '%"tool":"issue_refund"%'))::int,
          (count(*) FILTER (WHERE t."Kind" IN ('tool_failed', 'model_failed')))::int
        FROM invocations i LEFT JOIN invocation_timeline t ON t."InvocationId" = i."CorrelationId"
        GROUP BY i."CorrelationId"
        """;

    public required IReadOnlyList<InvocationRow> Invocations { get; init; }

    public required IReadOnlyList<RefundRow> Refunds { get; init; }

    /// <summary>Accounts whose balance is not what it was plus the refunds in its ledger.</summary>
    public required IReadOnlyList<string> WrongBalances { get; init; }

    public required IReadOnlyList<ModelCall> ModelCalls { get; init; }

    public required IReadOnlyList<string> Overtaken { get; init; }

    public required IReadOnlyList<string> BrokenChains { get; init; }

    public required LogScan Logs { get; init; }

    public static async Task<Evidence> TakeAsync(PipelineDriver pipeline, CancellationToken cancellationToken) => new()
    {
        Invocations = await Sql.RowsAsync(pipeline.Orchestrator, InvocationsQuestion, Invocation, cancellationToken),
        Refunds = await Sql.RowsAsync(
            pipeline.Tools, """SELECT "TransactionId", "CallId", "AmountCents" FROM tool_refunds""", x => new RefundRow(x.GetString(0), x.GetString(1), x.GetInt64(2)), cancellationToken),
        WrongBalances = await Sql.TextsAsync(
            pipeline.Tools,
            """
            SELECT a."Id" || ' has ' || a."BalanceCents" || ', its ledger says ' || 100000 + coalesce(sum(l."AmountCents"), 0)
            FROM tool_accounts a LEFT JOIN tool_ledger l ON l."AccountId" = a."Id"
            GROUP BY a."Id", a."BalanceCents" HAVING a."BalanceCents" <> 100000 + coalesce(sum(l."AmountCents"), 0)
            """,
            cancellationToken),
        ModelCalls = await ModelCallsAsync(pipeline["provider-simulator"].Address, cancellationToken),
        Overtaken = await Audit.OvertakenCommitsAsync(pipeline.Orchestrator, cancellationToken),
        BrokenChains = await Audit.BrokenChainsAsync(pipeline.Orchestrator, cancellationToken),
        Logs = await LogScan.OfAsync(pipeline.Logs, cancellationToken),
    };

    private static InvocationRow Invocation(NpgsqlDataReader row) => new(
        row.GetGuid(0), Load.CaseBook.NumberOf(row.IsDBNull(1) ? null : row.GetString(1)) ?? -1, row.GetString(2), row.GetBoolean(3), row.GetInt32(4), row.GetDateTime(5),
        row.IsDBNull(6) ? null : row.GetDateTime(6), row.IsDBNull(7) ? null : row.GetString(7), row.GetInt32(8), row.GetInt32(9), row.GetInt32(10), row.GetInt32(11), row.GetString(12), row.GetInt32(13), row.GetInt32(14));

    private static async Task<IReadOnlyList<ModelCall>> ModelCallsAsync(Uri simulator, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromMinutes(2) };
        await using var stream = await http.GetStreamAsync(new Uri(simulator, $"ledger?recent={int.MaxValue}"), cancellationToken);
        using var ledger = await JsonDocument.ParseAsync(stream, cancellationToken: cancellationToken);
        if (ledger.RootElement.GetProperty("forgotten").GetInt64() > 0)
        {
            throw new InvalidOperationException("The provider's ledger has forgotten calls: raise ProviderSimulator__LedgerCapacity.");
        }

        return [.. ledger.RootElement.GetProperty("recent").EnumerateArray().Select(x => new ModelCall(
            Text(x, "idempotencyKey"),
            Guid.TryParse(Text(x, "invocationId"), out var id) ? id : null,
            x.GetProperty("at").GetDateTimeOffset().UtcDateTime,
            x.GetProperty("status").GetInt32() == 200))];
    }

    private static string Text(JsonElement entry, string name) => entry.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";
}
