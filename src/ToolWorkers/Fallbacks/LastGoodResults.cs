using System.Threading.Channels;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Pipeline.ToolWorkers.Circuits;
using Pipeline.ToolWorkers.Manifests;
using Pipeline.ToolWorkers.Persistence;

namespace Pipeline.ToolWorkers.Fallbacks;

/// <summary>
/// Keeps the last good results: in memory at once, in the database behind the calls. A result that is lost with its process leaves an
/// older one, or none; its age is always true.
/// </summary>
internal sealed class LastGoodResults(IServiceScopeFactory scopes, IOptions<ToolsOptions> options, TimeProvider time, ILogger<LastGoodResults> logger) : BackgroundService
{
    /// <summary>Longer results are not kept.</summary>
    public const int MaxResultLength = 64 * 1024;

    /// <summary>The longest age that a manifest can allow.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromDays(30);

    // A fallback answers at once or by something else.
    private static readonly TimeSpan ReadTimeout = TimeSpan.FromMilliseconds(250);

    private static readonly TimeSpan WriteTimeout = TimeSpan.FromSeconds(10);

    private readonly LastGoodMemory _memory = new();
    private readonly LastGoodMemory _stored = new();
    private readonly Channel<LastGoodResult?> _work = Channel.CreateBounded<LastGoodResult?>(
        new BoundedChannelOptions(1024) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    /// <summary>Keeps a tool's own result; never waits.</summary>
    public void Keep(LastGoodResult result, ToolFallback fallback)
    {
        if (result.Result.Length > MaxResultLength)
        {
            return;
        }

        _memory.Keep(result);
        // The database need not have each: one that is a tenth of the limit younger is as good as the last.
        if (_stored.Find(result.Key) is not { } stored || result.At - stored.At >= fallback.MaxAge / 10)
        {
            _work.Writer.TryWrite(result);
        }
    }

    /// <returns>Null where there is none, it is too old, or the database did not answer at once.</returns>
    public async Task<LastGoodResult?> FindAsync(string key, TimeSpan maxAge, CancellationToken cancellationToken)
    {
        var result = _memory.Find(key);
        if (result is null || time.GetUtcNow() - result.At > maxAge)
        {
            result = await ReadAsync(key, cancellationToken);
            if (result is not null)
            {
                _memory.Keep(result);
            }
        }

        return result is not null && time.GetUtcNow() - result.At <= maxAge ? result : null;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = time.CreateTimer(_ => _work.Writer.TryWrite(null), null, options.Value.CleanupInterval, options.Value.CleanupInterval);
        await foreach (var result in _work.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                await (result is null ? CleanUpAsync(stoppingToken) : WriteAsync(result, stoppingToken));
            }
            catch (Exception e) when (CircuitStore.IsUnavailable(e) && !stoppingToken.IsCancellationRequested)
            {
                logger.LastGoodNotStored(e, result?.Tool ?? "*");
            }
        }
    }

    private async Task<LastGoodResult?> ReadAsync(string key, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(ReadTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            return await Database(scope).LastGoodResults.AsNoTracking().SingleOrDefaultAsync(x => x.Key == key, either.Token);
        }
        catch (Exception e) when (CircuitStore.IsUnavailable(e) && !cancellationToken.IsCancellationRequested)
        {
            logger.LastGoodNotRead(e, ReadTimeout);
            return null;
        }
    }

    private async Task WriteAsync(LastGoodResult result, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(WriteTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        await using var scope = scopes.CreateAsyncScope();
        var database = Database(scope);
        if (!await database.LastGoodResults.AnyAsync(x => x.Key == result.Key, either.Token))
        {
            database.LastGoodResults.Add(result);
            try
            {
                await database.SaveChangesAsync(either.Token);
            }
            catch (DbUpdateException e) when (DatabaseConflict.Is(e))
            {
                // Another process was first; what it has is as good.
            }
        }
        else
        {
            await database.LastGoodResults.Where(x => x.Key == result.Key && x.At < result.At).ExecuteUpdateAsync(
                set => set.SetProperty(x => x.Result, result.Result).SetProperty(x => x.At, result.At),
                either.Token);
        }

        _stored.Keep(result with { Result = "" });
    }

    private async Task CleanUpAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = Database(scope);
        var oldest = time.GetUtcNow() - MaxAge;
        var overLimit = await database.LastGoodResults.OrderByDescending(x => x.At).Skip(options.Value.MaxLastGoodResults).Select(x => (DateTimeOffset?)x.At).FirstOrDefaultAsync(cancellationToken);
        var before = overLimit > oldest ? overLimit.Value : oldest;
        await database.LastGoodResults.Where(x => x.At <= before).ExecuteDeleteAsync(cancellationToken);
    }

    private static ToolWorkersDbContext Database(AsyncServiceScope scope) => scope.ServiceProvider.GetRequiredService<ToolWorkersDbContext>();
}
