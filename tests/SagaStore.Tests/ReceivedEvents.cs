using System.Collections.Concurrent;

namespace Pipeline.SagaStore.Tests;

/// <summary>What subscribers received. The harness's own list does not know the type of a message that is sent again.</summary>
internal sealed class ReceivedEvents
{
    private readonly ConcurrentQueue<(Type Type, Guid Id)> _received = new();

    public void Add<T>(Guid messageId) => _received.Enqueue((typeof(T), messageId));

    /// <summary>Each id once: a message that comes again has the id it always had.</summary>
    public List<Guid> Ids<T>() => [.. _received.Where(x => x.Type == typeof(T)).Select(x => x.Id).Distinct()];
}
