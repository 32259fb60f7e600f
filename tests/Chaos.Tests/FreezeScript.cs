using Npgsql;
using Pipeline.Chaos.Tests.Checks;
using Pipeline.Chaos.Tests.Scripts;

namespace Pipeline.Chaos.Tests;

/// <summary>
/// Freezes one orchestrator after the other in the middle of work: its connections to the broker are cut, so that its deliveries go to
/// the other one, which works on; then it wakes and goes on where it was, with transactions that began in another time.
/// </summary>
internal sealed class FreezeScript(PipelineDriver pipeline, int trials, Action<string> say)
{
    private const long OthersWork = 20;

    private readonly List<(string Replica, DateTime Frozen, DateTime Thawed)> _windows = [];
    private int _inTransaction;
    private int _openTransactions;

    public async Task RunAsync(List<StruckFault> faults, CancellationToken cancellationToken)
    {
        await CommitsAsync("orchestrator-1", DateTime.UtcNow, OthersWork, cancellationToken);
        for (var trial = 0; trial < trials; trial++)
        {
            var name = $"orchestrator-{(trial % 2) + 1}";
            var other = $"orchestrator-{((trial + 1) % 2) + 1}";
            var replica = pipeline[name];
            await replica.FreezeAsync();
            var frozen = DateTime.UtcNow;
            var open = (int)await Sql.NumberAsync(
                pipeline.Orchestrator, $"SELECT count(*) FROM pg_stat_activity WHERE application_name = '{name}' AND xact_start IS NOT NULL", cancellationToken);
            _openTransactions += open;
            _inTransaction += open > 0 ? 1 : 0;
            pipeline.BrokerProxyOf(name).Reset();
            await CommitsAsync(other, DateTime.UtcNow, OthersWork, cancellationToken);
            await replica.ThawAsync();
            var thawed = DateTime.UtcNow;
            _windows.Add((name, frozen, thawed));
            faults.Add(new StruckFault($"SIGSTOP {name}, {open} transactions open", "freeze", frozen, thawed));
            // It is back: connected, and part of the work again.
            await CommitsAsync(name, thawed, 5, cancellationToken);
            if ((trial + 1) % 20 == 0)
            {
                say($"  {trial + 1} trials, {_inTransaction} in the middle of {_openTransactions} transactions");
            }
        }
    }

    public async Task<FreezeTrials> ResultAsync(Evidence evidence, CancellationToken cancellationToken)
    {
        long others = 0, takenOver = 0;
        foreach (var (replica, frozen, thawed) in _windows)
        {
            (string, object)[] window = [("replica", replica), ("frozen", frozen), ("thawed", thawed)];
            others += (await Sql.RowsAsync(
                pipeline.Orchestrator, "SELECT count(*) FROM chaos_audit WHERE replica <> @replica AND at BETWEEN @frozen AND @thawed", x => x.GetInt64(0), cancellationToken, window))[0];
            takenOver += (await Sql.RowsAsync(
                pipeline.Orchestrator,
                """
                SELECT count(DISTINCT a.invocation) FROM chaos_audit a
                WHERE a.replica <> @replica AND a.at BETWEEN @frozen AND @thawed
                AND (SELECT b.replica FROM chaos_audit b WHERE b.invocation = a.invocation AND b.at < @frozen ORDER BY b.id DESC LIMIT 1) = @replica
                """,
                x => x.GetInt64(0),
                cancellationToken,
                window))[0];
        }

        var refused = evidence.Logs.RefusedWrites.Count(x => _windows.Any(y => x >= y.Thawed && x < y.Thawed.AddSeconds(2)));
        return new FreezeTrials(_windows.Count, _inTransaction, _openTransactions, others, takenOver, refused, evidence.Overtaken.Count);
    }

    private async Task CommitsAsync(string replica, DateTime since, long count, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(25));
        try
        {
            while ((await Sql.RowsAsync(
                pipeline.Orchestrator, "SELECT count(*) FROM chaos_audit WHERE replica = @replica AND at > @since", x => x.GetInt64(0), limit.Token, ("replica", replica), ("since", since)))[0] < count)
            {
                await timer.WaitForNextTickAsync(limit.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or NpgsqlException && limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new StuckException($"{replica} ({pipeline[replica].State}) has not committed {count} transitions within 60 s of {since:O}.");
        }
    }
}
