namespace Pipeline.ToolWorkers.Fallbacks;

/// <summary>The last good results in this process, bounded by number and size; the ones longest not written go first.</summary>
internal sealed class LastGoodMemory
{
    public const int MaxResults = 4096;
    public const long MaxCharacters = 16 * 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<LastGoodResult>> _byKey = new(StringComparer.Ordinal);
    private readonly LinkedList<LastGoodResult> _byAge = [];
    private long _characters;

    public LastGoodResult? Find(string key)
    {
        lock (_lock)
        {
            return _byKey.GetValueOrDefault(key)?.Value;
        }
    }

    /// <summary>Keeps the result, unless a newer one is there.</summary>
    public void Keep(LastGoodResult result)
    {
        lock (_lock)
        {
            if (_byKey.TryGetValue(result.Key, out var old))
            {
                if (old.Value.At > result.At)
                {
                    return;
                }

                Remove_NeedsLock(old);
            }

            _byKey.Add(result.Key, _byAge.AddLast(result));
            _characters += result.Result.Length;
            while (_byAge.First is { } first && (_byKey.Count > MaxResults || _characters > MaxCharacters))
            {
                Remove_NeedsLock(first);
            }
        }
    }

    private void Remove_NeedsLock(LinkedListNode<LastGoodResult> node)
    {
        _byAge.Remove(node);
        _byKey.Remove(node.Value.Key);
        _characters -= node.Value.Result.Length;
    }
}
