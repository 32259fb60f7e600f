using System.Security.Cryptography;
using System.Text;

namespace Pipeline.SagaStore;

/// <summary>Ids that follow from other ids, the same in every process and at every attempt (RFC 9562, version 8: SHA-256 cut to 128 bits).</summary>
internal static class DerivedId
{
    public static Guid Of(string purpose, Guid first, string second)
    {
        var text = Encoding.UTF8.GetBytes(purpose + "\n" + second);
        Span<byte> input = stackalloc byte[16 + text.Length];
        first.TryWriteBytes(input, bigEndian: true, out _);
        text.CopyTo(input[16..]);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input, hash);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }

    public static Guid Of(string purpose, Guid first, Guid second) => Of(purpose, first, second.ToString("N"));
}
