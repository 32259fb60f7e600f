using System.Diagnostics;
using System.Text;
using Npgsql;
using Pipeline.Chaos.Tests.Checks;
using Pipeline.Chaos.Tests.Load;

namespace Pipeline.Chaos.Tests;

/// <summary>Notices that nothing moves any more, and says where everything stands.</summary>
internal sealed class StuckDetector(PipelineDriver pipeline, EventCollector events, TimeSpan patience)
{
    private long _lastSeen = -1;
    private long _lastMoved = Stopwatch.GetTimestamp();

    /// <summary>Forgets the time that passed: nothing can move while broker or database are away on purpose.</summary>
    public void Excuse() => _lastMoved = Stopwatch.GetTimestamp();

    /// <exception cref="StuckException">No transition and no end for longer than the patience.</exception>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        long seen;
        try
        {
            seen = events.Ended + await Sql.NumberAsync(pipeline.Orchestrator, "SELECT coalesce(max(id), 0) FROM chaos_audit", cancellationToken);
        }
        catch (NpgsqlException)
        {
            return;
        }

        if (seen != _lastSeen)
        {
            _lastSeen = seen;
            Excuse();
        }
        else if (Stopwatch.GetElapsedTime(_lastMoved) > patience)
        {
            throw new StuckException($"Nothing has moved for {patience}.{Environment.NewLine}{await DumpAsync(cancellationToken)}");
        }
    }

    public async Task<string> DumpAsync(CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        foreach (var replica in pipeline.Replicas)
        {
            text.AppendLine($"  {replica.Name}: {replica.State}, {(await replica.IsReadyAsync(cancellationToken) ? "ready" : "not ready")}");
        }

        try
        {
            using var broker = new BrokerView(pipeline.Servers.ManagementPort);
            foreach (var (name, messages) in await broker.QueuesAsync(cancellationToken))
            {
                text.AppendLine($"  queue {name}: {messages}");
                if (messages > 0 && (name.EndsWith("_error", StringComparison.Ordinal) || name.EndsWith("_skipped", StringComparison.Ordinal)))
                {
                    text.AppendLine($"    {await broker.PeekAsync(name, cancellationToken)}");
                }
            }

            foreach (var line in await Sql.TextsAsync(
                pipeline.Orchestrator,
                """
                SELECT "CurrentState" || ' turn ' || "Turn" || ' seq ' || "LastSeq" || ': ' || count(*) || ', oldest ' || round(extract(epoch FROM now() - min("AcceptedAt"))) || ' s, e.g. ' || min("CorrelationId"::text)
                FROM invocations WHERE "EndedAt" IS NULL GROUP BY "CurrentState", "Turn", "LastSeq" ORDER BY count(*) DESC LIMIT 20
                """,
                cancellationToken))
            {
                text.AppendLine($"  open: {line}");
            }

            foreach (var line in await Sql.TextsAsync(
                pipeline.Orchestrator,
                """SELECT "SagaId" || ' attempts ' || "Attempts" || ' next ' || coalesce("NextAttemptAt"::text, '-') || ' parked ' || coalesce("ParkedAt"::text, '-') || ' ' || coalesce("LastError", '') FROM saga_outgoing ORDER BY "CommittedAt" LIMIT 20""",
                cancellationToken))
            {
                text.AppendLine($"  outgoing: {line}");
            }
        }
        catch (Exception e) when (e is NpgsqlException or HttpRequestException or TaskCanceledException)
        {
            text.AppendLine($"  (a server does not answer: {e.Message})");
        }

        return text.ToString();
    }
}
