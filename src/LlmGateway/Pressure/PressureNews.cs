using MassTransit;
using Microsoft.Extensions.Options;
using Pipeline.Contracts.Completions;
using Pipeline.LlmGateway.Completions;

namespace Pipeline.LlmGateway.Pressure;

/// <summary>
/// Publishes how much waits for each pool, for those who admit work: what is held here is in no queue that they could look at. News: what is
/// lost is replaced by the next.
/// </summary>
internal sealed class PressureNews(IServiceProvider services, Dispatcher dispatcher, IOptions<CompletionOptions> options, TimeProvider time, ILogger<PressureNews> logger)
{
    private static readonly TimeSpan SendLimit = TimeSpan.FromSeconds(5);

    private readonly HashSet<string> _told = new(StringComparer.Ordinal);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(options.Value.PressureInterval, time, cancellationToken);
            if (dispatcher.Held == 0 && _told.Count == 0)
            {
                continue;
            }

            foreach (var pool in dispatcher.Snapshot().Pools)
            {
                // Once more when nothing waits any longer.
                var waits = pool.Held > 0;
                if (waits ? _told.Add(pool.Pool) || waits : _told.Remove(pool.Pool))
                {
                    await PublishAsync(pool, cancellationToken);
                }
            }
        }
    }

    private async Task PublishAsync(PoolBacklog pool, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(SendLimit);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var news = new ModelPoolPressure { Pool = pool.Pool, Held = pool.Held, ExpectedWaitSeconds = pool.Expected.TotalSeconds, At = time.GetUtcNow() };
            await services.GetRequiredService<IBus>().Publish(news, either.Token).WaitAsync(either.Token);
        }
#pragma warning disable CA1031 // News that cannot be published must not end the owner.
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
#pragma warning restore CA1031
        {
            logger.PressureNotPublished(e, pool.Pool);
        }
    }
}
