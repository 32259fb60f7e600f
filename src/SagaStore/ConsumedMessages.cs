namespace Pipeline.SagaStore;

/// <summary>The ids of the messages that a saga row consumed last, oldest first, packed 16 bytes each.</summary>
internal static class ConsumedMessages
{
    private const int IdSize = 16;

    public static bool Contains(ReadOnlySpan<byte> packed, Guid messageId)
    {
        Span<byte> wanted = stackalloc byte[IdSize];
        messageId.TryWriteBytes(wanted);
        for (var at = packed.Length - IdSize; at >= 0; at -= IdSize)
        {
            if (packed.Slice(at, IdSize).SequenceEqual(wanted))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Adds an id and forgets the oldest past <paramref name="limit"/>.</summary>
    public static byte[] Add(ReadOnlySpan<byte> packed, Guid messageId, int limit)
    {
        var keep = Math.Min(packed.Length / IdSize, limit - 1) * IdSize;
        var result = new byte[keep + IdSize];
        packed[^keep..].CopyTo(result);
        messageId.TryWriteBytes(result.AsSpan(keep));
        return result;
    }
}
