using System.Text;
using System.Text.RegularExpressions;
using Pipeline.LlmGateway.Keys;

namespace Pipeline.LlmGateway.Providers;

/// <summary>Takes keys out of what a provider says: some quote the key, or parts of it, or the whole request, when they refuse it.</summary>
internal static partial class KeyRedaction
{
    private const int LongestText = 600;

    /// <summary>Shorter pieces of a base64 text say nothing of a key and would hit words.</summary>
    private const int ShortestEncoded = 8;

    /// <param name="text">What the provider said.</param>
    /// <param name="key">The key it was asked with: as it is, in an address, or in base64, also as a part of a longer encoded text.</param>
    public static string Redact(string text, ApiKey key)
    {
        var value = key.Reveal();
        var redacted = text.Replace(value, "***", StringComparison.OrdinalIgnoreCase);
        redacted = redacted.Replace(Uri.EscapeDataString(value), "***", StringComparison.OrdinalIgnoreCase);
        foreach (var encoded in Encoded(value))
        {
            redacted = redacted.Replace(encoded, "***", StringComparison.Ordinal)
                .Replace(encoded.Replace('+', '-').Replace('/', '_'), "***", StringComparison.Ordinal);
        }

        redacted = KeyLike().Replace(redacted, "***");
        return redacted.Length <= LongestText ? redacted : string.Concat(redacted.AsSpan(0, LongestText), "…");
    }

    /// <summary>
    /// The characters of a base64 text that the key alone decides, for each of the three places at which it can begin in a group of three bytes.
    /// </summary>
    private static IEnumerable<string> Encoded(string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        for (var before = 0; before < 3; before++)
        {
            var encoded = Convert.ToBase64String([.. new byte[before], .. bytes]);
            var first = (int)Math.Ceiling(before * 8 / 6d);
            var last = (before + bytes.Length) * 8 / 6;
            if (last - first >= ShortestEncoded)
            {
                yield return encoded[first..last];
            }
        }
    }

    [GeneratedRegex(@"\bsk-[A-Za-z0-9_*.\-]+")]
    private static partial Regex KeyLike();
}
