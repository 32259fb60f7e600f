using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Contracts.Invocations;
using Pipeline.Orchestrator.Persistence;
using Pipeline.ServiceDefaults;

namespace Pipeline.Orchestrator.Invocations;

/// <summary>
/// On the in-memory transport a process that dies takes the queues with it: at the next start every open invocation asks again for what it
/// awaited. With RabbitMQ the broker has kept it all, and asking again would only add to the queues.
/// </summary>
internal sealed class ResumeAfterRestart(IServiceScopeFactory scopes, IBusControl bus, IOptions<BusOptions> options, TimeProvider time, ILogger<ResumeAfterRestart> logger) : BackgroundService
{
    private const int Page = 500;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.Transport != BusTransport.InMemory)
        {
            return;
        }

        var started = time.GetUtcNow().UtcDateTime;
        await bus.WaitForHealthStatus(BusHealthStatus.Healthy, stoppingToken);
        var queue = await bus.GetSendEndpoint(new Uri($"exchange:{QueueName.InvocationEvents}"));
        var last = Guid.Empty;
        var resumed = 0;
        while (true)
        {
            await using var scope = scopes.CreateAsyncScope();
            var ids = await scope.ServiceProvider.GetRequiredService<OrchestratorDbContext>().Invocations.AsNoTracking()
                .Where(x => x.EndedAt == null && x.AcceptedAt < started && x.CorrelationId.CompareTo(last) > 0)
                .OrderBy(x => x.CorrelationId)
                .Select(x => x.CorrelationId)
                .Take(Page)
                .ToListAsync(stoppingToken);
            foreach (var id in ids)
            {
                await queue.Send(new ResumeInvocation { InvocationId = id }, stoppingToken);
            }

            resumed += ids.Count;
            if (ids.Count < Page)
            {
                break;
            }

            last = ids[^1];
        }

        if (resumed > 0)
        {
            logger.Resumed(resumed);
        }
    }
}
