namespace Pipeline.SagaStore;

/// <summary>
/// Events of one saga instance take turns within a process, so that a burst for one instance costs no conflicts here; only another
/// process can be first. Striped: two instances may share a turn, which costs a wait and nothing else.
/// </summary>
internal sealed class InstanceTurns
{
    private readonly SemaphoreSlim[] _stripes = [.. Enumerable.Range(0, 1024).Select(_ => new SemaphoreSlim(1, 1))];

    public async ValueTask<SemaphoreSlim> EnterAsync(Guid instance, CancellationToken cancellationToken)
    {
        var stripe = _stripes[(instance.GetHashCode() & int.MaxValue) % _stripes.Length];
        await stripe.WaitAsync(cancellationToken);
        return stripe;
    }
}
