using System.Threading.Channels;

namespace Pipeline.Orchestrator.Streams;

/// <summary>One open stream's wish to hear when its invocation has moved on.</summary>
internal sealed class TimelineWatcher(Guid invocationId, string tenant, TimelineWatchers owner) : IDisposable
{
    // One signal is kept: it means "look", however often.
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private int _seen;

    public Guid InvocationId { get; } = invocationId;

    public string Tenant { get; } = tenant;

    /// <summary>The number of the newest entry that was written to the stream.</summary>
    public int Seen
    {
        get => Volatile.Read(ref _seen);
        set => Volatile.Write(ref _seen, value);
    }

    public void Signal() => _signal.Writer.TryWrite(true);

    public async Task WaitAsync(CancellationToken cancellationToken) => await _signal.Reader.ReadAsync(cancellationToken);

    public void Dispose() => owner.Close(this);
}
