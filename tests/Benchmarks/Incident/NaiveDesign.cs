namespace Pipeline.Benchmarks.Incident;

/// <summary>
/// The pilot's design, for comparison only: ten agents that wait for their tools, a time limit of 30 s, no breaker. What it costs
/// besides waiting (bus, database) is left out, which flatters it.
/// </summary>
internal sealed class NaiveDesign(Func<bool> isDead) : IDisposable
{
    private const int Agents = 10;
    private static readonly TimeSpan ToolTimeout = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _slots = new(Agents, Agents);
    private int _soundCalls;

    // Patience ends the wait for an agent; one that has begun waits for its tools, whoever still listens.
    public async Task<bool> RunAsync(bool usesFailing, CancellationToken patience, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(patience);
        try
        {
            return await TwiceAsync(() => SoundAsync(cancellationToken))
                && (usesFailing
                    ? (await Task.WhenAll(FailingAsync(cancellationToken), FailingAsync(cancellationToken))).All(x => x)
                    : await TwiceAsync(() => SoundAsync(cancellationToken)));
        }
        finally
        {
            _slots.Release();
        }
    }

    public void Dispose() => _slots.Dispose();

    // The agent tries a failed call once more, as a model does; not one that timed out: 30 s are gone.
    private static async Task<bool> TwiceAsync(Func<Task<bool?>> call) => await call() ?? await call() ?? false;

    private async Task<bool?> SoundAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(IncidentTool.Takes, cancellationToken);
        return Interlocked.Increment(ref _soundCalls) % SoundTool.FailsOneIn == 0 ? null : true;
    }

    private async Task<bool> FailingAsync(CancellationToken cancellationToken)
    {
        var dead = isDead();
        await Task.Delay(dead ? ToolTimeout : IncidentTool.Takes, cancellationToken);
        return !dead;
    }
}
