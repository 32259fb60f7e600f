using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Pipeline.LlmGateway.Completions;

/// <summary>
/// The message id of an answer: a UUID of version 8 from a hash of what it answers, so that every redelivery of a request answers
/// with the same id and the receiver's inbox knows the second one.
/// </summary>
internal static class AnswerMessageId
{
    public static Guid Of(Guid invocationId, int turn, string kind)
    {
        Span<byte> input = stackalloc byte[20 + 64];
        invocationId.TryWriteBytes(input, bigEndian: true, out _);
        BinaryPrimitives.WriteInt32BigEndian(input[16..], turn);
        var length = 20 + Encoding.UTF8.GetBytes(kind, input[20..]);

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input[..length], hash);
        hash[6] = (byte)((hash[6] & 0x0F) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash[..16], bigEndian: true);
    }
}
