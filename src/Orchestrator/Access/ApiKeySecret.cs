using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Pipeline.Orchestrator.Access;

/// <summary>The form of a key: <c>pk_</c> and 256 random bits. Never logged, never stored, shown once.</summary>
internal static class ApiKeySecret
{
    private const string Prefix = "pk_";
    private const int RandomBytes = 32;

    public static string Create() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes));

    /// <summary>False where the text cannot be a key; then nobody needs to look for it.</summary>
    public static bool TryHash(string text, [NotNullWhen(true)] out byte[]? hash)
    {
        hash = null;
        Span<byte> random = stackalloc byte[RandomBytes];
        if (text.Length != Prefix.Length + Base64Url.GetEncodedLength(RandomBytes) ||
            !text.StartsWith(Prefix, StringComparison.Ordinal) ||
            !Base64Url.IsValid(text.AsSpan(Prefix.Length), out var decoded) ||
            decoded != random.Length)
        {
            return false;
        }

        hash = Hash(text);
        return true;
    }

    public static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
