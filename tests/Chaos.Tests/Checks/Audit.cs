using Npgsql;

namespace Pipeline.Chaos.Tests.Checks;

/// <summary>
/// Sees every version of every invocation's row, who committed it and when its transaction began: installed by the harness as a trigger,
/// because a lost update leaves no trace in the row that won.
/// </summary>
internal static class Audit
{
    private const string Script = """
        CREATE TABLE chaos_audit (
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
          invocation uuid NOT NULL,
          replica text NOT NULL,
          began timestamptz NOT NULL,
          at timestamptz NOT NULL,
          old_version bigint,
          version bigint NOT NULL,
          old_seq int, seq int NOT NULL,
          old_turn int, turn int NOT NULL,
          old_state text, state text NOT NULL);
        CREATE INDEX chaos_audit_invocation ON chaos_audit (invocation, id);
        CREATE INDEX chaos_audit_at ON chaos_audit (at);
        CREATE FUNCTION chaos_audit_row() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          INSERT INTO chaos_audit (invocation, replica, began, at, old_version, version, old_seq, seq, old_turn, turn, old_state, state)
          VALUES (NEW."CorrelationId", current_setting('application_name'), transaction_timestamp(), clock_timestamp(),
            CASE WHEN TG_OP = 'UPDATE' THEN OLD.xmin::text::bigint END, txid_current() & 4294967295,
            CASE WHEN TG_OP = 'UPDATE' THEN OLD."LastSeq" END, NEW."LastSeq",
            CASE WHEN TG_OP = 'UPDATE' THEN OLD."Turn" END, NEW."Turn",
            CASE WHEN TG_OP = 'UPDATE' THEN OLD."CurrentState" END, NEW."CurrentState");
          RETURN NULL;
        END $$;
        CREATE TRIGGER chaos_audit AFTER INSERT OR UPDATE ON invocations FOR EACH ROW EXECUTE FUNCTION chaos_audit_row();
        """;

    // A commit that is based on a version which another transaction replaced after this one had begun to read. The 50 ms are for a begin
    // and a read that the database served one after the other; a frozen process is away for much longer.
    private const string Overtaken = """
        SELECT invocation::text || ' ' || replica || ' version ' || version || ' began ' || began || ', the version before is of ' || before
        FROM (SELECT invocation, replica, version, began,
                lag(at) OVER chain AS before, lag(version) OVER chain AS version_before
              FROM chaos_audit WINDOW chain AS (PARTITION BY invocation ORDER BY id)) x
        WHERE version <> version_before AND began < before - interval '50 milliseconds'
        LIMIT 20
        """;

    private const string BrokenChain = """
        SELECT invocation::text || ' ' || replica || ': ' || reason
        FROM (SELECT invocation, replica, CASE
                WHEN old_version IS DISTINCT FROM lag(version) OVER chain THEN 'version ' || version || ' follows ' || coalesce(old_version::text, 'nothing') || ', not ' || coalesce(lag(version) OVER chain, 0)
                WHEN seq < old_seq THEN 'seq goes back from ' || old_seq || ' to ' || seq
                WHEN turn < old_turn THEN 'turn goes back from ' || old_turn || ' to ' || turn
                WHEN old_state IN ('Completed', 'Failed', 'Expired', 'Cancelled') AND state <> old_state THEN 'from ' || old_state || ' to ' || state
              END AS reason
              FROM chaos_audit WINDOW chain AS (PARTITION BY invocation ORDER BY id)) x
        WHERE reason IS NOT NULL
        LIMIT 20
        """;

    // Every transition's entries were written by the very transaction that moved the row: state and timeline cannot tell different stories.
    private const string EntriesOfOthers = """
        SELECT a.invocation::text || ' ' || a.replica || ': seq from ' || coalesce(a.old_seq, 0) || ' to ' || a.seq || ' with ' || count(t."Seq") || ' entries of the same transaction'
        FROM (SELECT invocation, min(replica) AS replica, version, min(coalesce(old_seq, 0)) AS old_seq, max(seq) AS seq FROM chaos_audit GROUP BY invocation, version) a
        LEFT JOIN invocation_timeline t ON t."InvocationId" = a.invocation AND t."Seq" > a.old_seq AND t."Seq" <= a.seq AND t.xmin::text::bigint = a.version
        GROUP BY a.invocation, a.replica, a.old_seq, a.seq
        HAVING count(t."Seq") <> a.seq - a.old_seq
        LIMIT 20
        """;

    public static async Task InstallAsync(string orchestrator, CancellationToken cancellationToken)
    {
        await using var connection = await Sql.OpenAsync(orchestrator, cancellationToken);
        await using var command = new NpgsqlCommand(Script, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public static Task<List<string>> OvertakenCommitsAsync(string orchestrator, CancellationToken cancellationToken) => Sql.TextsAsync(orchestrator, Overtaken, cancellationToken);

    public static async Task<List<string>> BrokenChainsAsync(string orchestrator, CancellationToken cancellationToken) =>
        [.. await Sql.TextsAsync(orchestrator, BrokenChain, cancellationToken), .. await Sql.TextsAsync(orchestrator, EntriesOfOthers, cancellationToken)];
}
