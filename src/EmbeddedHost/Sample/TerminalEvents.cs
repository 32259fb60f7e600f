using System.Collections.Concurrent;
using Pipeline.Contracts.Invocations;

namespace Pipeline.EmbeddedHost.Sample;

/// <summary>The terminal events that this process has heard, and how far the others are.</summary>
internal sealed class TerminalEvents
{
    private readonly ConcurrentDictionary<Guid, InvocationEvent> _ended = new();
    private int _progressed;

    public int Progressed => Volatile.Read(ref _progressed);

    public void Add(InvocationEvent heard)
    {
        if (InvocationEventName.IsTerminal(heard.Event))
        {
            _ended[heard.InvocationId] = heard;
        }
        else if (heard.Event == InvocationEventName.Progressed)
        {
            Interlocked.Increment(ref _progressed);
        }
    }

    public bool HasEnded(Guid invocationId) => _ended.ContainsKey(invocationId);
}
