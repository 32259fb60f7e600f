using System.Threading.Channels;

namespace Pipeline.Benchmarks.Limiter;

/// <summary>Keeps so many requests of each tenant waiting for a pool: whatever is answered is asked again, so that the limit never lacks work.</summary>
internal sealed class Backlog
{
    private readonly ModelCallers _callers;
    private readonly string _pool;
    private readonly RequestSizes _sizes;
    private readonly Channel<string> _due = Channel.CreateUnbounded<string>();
    private readonly TimeSpan _patience;
    private readonly Task _publishing;

    private Backlog(ModelCallers callers, string pool, int seed, IReadOnlyDictionary<string, int> waiting, TimeSpan patience, CancellationToken cancellationToken)
    {
        (_callers, _pool, _sizes, _patience) = (callers, pool, new RequestSizes(seed), patience);
        callers.Heard += Answered;

        // In turn, as they would come: not one tenant's before all of another's.
        for (var round = 0; round < waiting.Values.Max(); round++)
        {
            foreach (var (tenant, _) in waiting.Where(x => x.Value > round))
            {
                _due.Writer.TryWrite(tenant);
            }
        }

        _publishing = PublishAsync(cancellationToken);
    }

    /// <param name="callers">Who asks.</param>
    /// <param name="pool">Whom.</param>
    /// <param name="seed">Of the sizes.</param>
    /// <param name="waiting">Tenant and how many of its requests wait.</param>
    /// <param name="patience">From the publishing of a request to its deadline.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static Backlog Keep(ModelCallers callers, string pool, int seed, IReadOnlyDictionary<string, int> waiting, TimeSpan patience, CancellationToken cancellationToken) =>
        new(callers, pool, seed, waiting, patience, cancellationToken);

    /// <summary>The tenants of a measurement in which they do not matter.</summary>
    public static Dictionary<string, int> OfFive(int all) => Enumerable.Range(1, 5).ToDictionary(x => $"tenant-{x}", _ => Math.Max(1, all / 5));

    /// <summary>Asks no more; what was asked is still to be answered.</summary>
    public async Task StopAsync()
    {
        _callers.Heard -= Answered;
        _due.Writer.TryComplete();
        await _publishing;
    }

    private void Answered(ModelCall call)
    {
        if (call.Pool == _pool)
        {
            _due.Writer.TryWrite(call.Tenant);
        }
    }

    private async Task PublishAsync(CancellationToken cancellationToken)
    {
        await foreach (var tenant in _due.Reader.ReadAllAsync(cancellationToken))
        {
            await _callers.PublishAsync(_pool, tenant, _sizes.Next(), _patience, cancellationToken);
        }
    }
}
