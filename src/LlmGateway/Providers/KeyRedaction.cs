using System.Text.RegularExpressions;

namespace Pipeline.LlmGateway.Providers;

/// <summary>Takes keys out of what a provider says: some quote the key, or parts of it, when they refuse it.</summary>
internal static partial class KeyRedaction
{
    private const int LongestText = 600;

    public static string Redact(string text, string apiKey)
    {
        var redacted = KeyLike().Replace(text.Replace(apiKey, "***", StringComparison.OrdinalIgnoreCase), "***");
        return redacted.Length <= LongestText ? redacted : string.Concat(redacted.AsSpan(0, LongestText), "…");
    }

    [GeneratedRegex(@"\bsk-[A-Za-z0-9_*.\-]+")]
    private static partial Regex KeyLike();
}
