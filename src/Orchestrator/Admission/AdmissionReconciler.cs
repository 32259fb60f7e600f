using Microsoft.Extensions.Options;
using Pipeline.Orchestrator.Agents;
using Pipeline.Orchestrator.Persistence;
using Pipeline.SagaStore;

namespace Pipeline.Orchestrator.Admission;

/// <summary>
/// Sets the counters of open invocations right: before the queues open, because an older version did not count, and every few minutes,
/// because somebody may have mended rows by hand. Clears away promises whose time has passed.
/// </summary>
internal sealed class AdmissionReconciler(IServiceScopeFactory scopes, AgentCatalog agents, IOptions<AdmissionOptions> options, TimeProvider time, ILogger<AdmissionReconciler> logger) : BackgroundService
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(1);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await DatabaseOutage.OutlastAsync(
            async () =>
            {
                await ReconcileAsync(cancellationToken);
                return true;
            },
            StartPatience,
            time,
            cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    internal async Task ReconcileAsync(CancellationToken cancellationToken)
    {
        foreach (var agent in agents.Current)
        {
            await using var scope = scopes.CreateAsyncScope();
            var (before, after) = await AdmissionSlots.ReconcileAsync(scope.ServiceProvider.GetRequiredService<OrchestratorDbContext>(), agent.Name, cancellationToken);
            if (before != after)
            {
                logger.Reconciled(agent.Name, before, after);
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.ReconcileInterval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await ReconcileAsync(stoppingToken);
            }
#pragma warning disable CA1031 // The counters outlive an outage of the database; the next round follows.
            catch (Exception e) when (e is not OperationCanceledException || !stoppingToken.IsCancellationRequested)
#pragma warning restore CA1031
            {
                logger.ReconcileFailed(e);
            }
        }
    }
}
