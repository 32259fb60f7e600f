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

    public async Task<bool> RunAsync(bool usesFailing, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken);
        try
        {
            return await TwiceAsync(() => SoundAsync(cancellationToken)) && await TwiceAsync(() => usesFailing ? FailingAsync(cancellationToken) : SoundAsync(cancellationToken));
        }
        finally
        {
            _slots.Release();
        }
    }

    public void Dispose() => _slots.Dispose();

    // The agent tries a failed call once more, as a model does. A call that timed out it does not try again: 30 s are gone.
    private static async Task<bool> TwiceAsync(Func<Task<bool?>> call) => await call() ?? await call() ?? false;

    private async Task<bool?> SoundAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(IncidentTool.Takes, cancellationToken);
        return Interlocked.Increment(ref _soundCalls) % SoundTool.FailsOneIn == 0 ? null : true;
    }

    private async Task<bool?> FailingAsync(CancellationToken cancellationToken)
    {
        var dead = isDead();
        await Task.Delay(dead ? ToolTimeout : IncidentTool.Takes, cancellationToken);
        return !dead;
    }
}
