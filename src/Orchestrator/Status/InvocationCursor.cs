using System.Buffers.Binary;
using System.Buffers.Text;

namespace Pipeline.Orchestrator.Status;

/// <summary>Where a page of the list ended. Opaque to callers; it names a place in the order, not what may be seen there.</summary>
internal sealed record InvocationCursor(DateTime AcceptedAt, Guid InvocationId)
{
    private const int Size = 24;

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        BinaryPrimitives.WriteInt64BigEndian(bytes, AcceptedAt.Ticks);
        InvocationId.TryWriteBytes(bytes[8..], bigEndian: true, out _);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Null where the text is no cursor.</summary>
    public static InvocationCursor? Parse(string text)
    {
        Span<byte> bytes = stackalloc byte[Size];
        if (text.Length != Base64Url.GetEncodedLength(Size) || !Base64Url.IsValid(text, out var length) || length != Size || !Base64Url.TryDecodeFromChars(text, bytes, out _))
        {
            return null;
        }

        var ticks = BinaryPrimitives.ReadInt64BigEndian(bytes);
        return ticks < DateTime.UnixEpoch.Ticks || ticks > DateTime.MaxValue.Ticks
            ? null
            : new InvocationCursor(new DateTime(ticks, DateTimeKind.Utc), new Guid(bytes[8..], bigEndian: true));
    }
}
