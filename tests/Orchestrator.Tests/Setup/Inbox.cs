using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace Pipeline.Orchestrator.Tests.Setup;

/// <summary>What arrived at a queue that the test plays, in the order of arrival.</summary>
public sealed class Inbox<T>
{
    private readonly Channel<T> _arrived = Channel.CreateUnbounded<T>();

    public void Add(T message) => _arrived.Writer.TryWrite(message);

    /// <summary>The next one where it is there already.</summary>
    public bool TryTake([MaybeNullWhen(false)] out T message) => _arrived.Reader.TryRead(out message);

    /// <summary>The next one; fails after half a minute.</summary>
    public async Task<T> NextAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        try
        {
            return await _arrived.Reader.ReadAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!TestContext.Current.CancellationToken.IsCancellationRequested)
        {
            Assert.Fail($"Waited 30 s in vain for a {typeof(T).Name}.");
            throw;
        }
    }

    /// <summary>The next one; nothing where the wait was ended before it came.</summary>
    public async Task<T?> TryNextAsync(CancellationToken stop)
    {
        try
        {
            return await _arrived.Reader.ReadAsync(stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return default;
        }
    }

    public async Task<IReadOnlyList<T>> NextAsync(int count)
    {
        var taken = new List<T>(count);
        while (taken.Count < count)
        {
            taken.Add(await NextAsync());
        }

        return taken;
    }
}
