using System.Buffers.Binary;
using System.Numerics;

namespace Pipeline.Orchestrator.Invocations;

/// <summary>
/// Which tool calls of a turn have no result yet, one bit for each, and behind them in two bytes how many have a result of the tool's own:
/// the row is rewritten with every result, and a list of 256 calls would make that expensive. The calls themselves are in the timeline.
/// Rows that an earlier version left behind have the bits alone; they are read as they are and written with the two bytes.
/// </summary>
internal static class PendingCalls
{
    private const int CounterBytes = 2;

    /// <summary>All of the given calls are pending.</summary>
    public static byte[] Of(IEnumerable<int> indexes, int count)
    {
        var bits = new byte[((count + 7) / 8) + CounterBytes];
        foreach (var index in indexes)
        {
            bits[index / 8] |= (byte)(1 << (index % 8));
        }

        return bits;
    }

    public static bool Contains(byte[]? bits, int index) =>
        bits is not null && index >= 0 && index / 8 < bits.Length && (bits[index / 8] & (1 << (index % 8))) != 0
        && (index / 8 < bits.Length - CounterBytes || !HasCounter(bits));

    /// <summary>The calls that are pending, in their order.</summary>
    public static IEnumerable<int> Indexes(byte[] bits) => Enumerable.Range(0, bits.Length * 8).Where(x => Contains(bits, x));

    /// <summary>How many calls have a result of the tool's own; those that an earlier version counted are not known.</summary>
    public static int Results(byte[] bits) => HasCounter(bits) ? Counter(bits) : 0;

    /// <summary>Without the call; null when it was the last one.</summary>
    /// <param name="bits">As <see cref="Of"/> made it.</param>
    /// <param name="index">The call.</param>
    /// <param name="hasResult">True where the call ended with a result of the tool's own.</param>
    public static byte[]? Without(byte[] bits, int index, bool hasResult = false)
    {
        var left = HasCounter(bits) ? (byte[])bits.Clone() : [.. bits, .. new byte[CounterBytes]];
        left[index / 8] &= (byte)~(1 << (index % 8));
        if (hasResult)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(left.AsSpan(^CounterBytes..), (ushort)(Counter(left) + 1));
        }

        return left.AsSpan(..^CounterBytes).ContainsAnyExcept((byte)0) ? left : null;
    }

    public static bool IsLast(byte[]? bits, int index) => Contains(bits, index) && Without(bits!, index) is null;

    private static int Counter(byte[] bits) => BinaryPrimitives.ReadUInt16LittleEndian(bits.AsSpan(^CounterBytes..));

    // No more calls can have a result than are not pending. The bits of an earlier version, read as a number, say more as long as one of the
    // last calls is pending; a turn of more than 16 calls that had those already may be misread, and then ends at its deadline.
    private static bool HasCounter(byte[] bits) => bits.Length > CounterBytes
        && Counter(bits) <= bits.AsSpan(..^CounterBytes).ToArray().Sum(x => 8 - BitOperations.PopCount(x));
}
