namespace Pipeline.Orchestrator.Invocations;

/// <summary>
/// Which tool calls of a turn have no result yet, one bit for each: the row is rewritten with every result, and a list of 256 calls
/// would make that expensive. The calls themselves are in the timeline.
/// </summary>
internal static class PendingCalls
{
    /// <summary>All of the given calls are pending.</summary>
    public static byte[] Of(IEnumerable<int> indexes, int count)
    {
        var bits = new byte[(count + 7) / 8];
        foreach (var index in indexes)
        {
            bits[index / 8] |= (byte)(1 << (index % 8));
        }

        return bits;
    }

    public static bool Contains(byte[]? bits, int index) =>
        bits is not null && index >= 0 && index / 8 < bits.Length && (bits[index / 8] & (1 << (index % 8))) != 0;

    /// <summary>Without the call; null when it was the last one.</summary>
    public static byte[]? Without(byte[] bits, int index)
    {
        var left = (byte[])bits.Clone();
        left[index / 8] &= (byte)~(1 << (index % 8));
        return left.All(x => x == 0) ? null : left;
    }

    public static bool IsLast(byte[]? bits, int index) => Contains(bits, index) && Without(bits!, index) is null;
}
