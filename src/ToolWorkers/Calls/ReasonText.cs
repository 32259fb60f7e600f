using System.Text.RegularExpressions;

namespace Pipeline.ToolWorkers.Calls;

/// <summary>What a model and a caller may read of an exception: type and message, bounded, with anything that looks like a secret masked.</summary>
internal static partial class ReasonText
{
    public const int MaxLength = 2000;
    private const string Mask = "$1***";

    public static string Of(Exception exception) => Bounded($"{exception.GetType().Name}: {Masked(exception.Message)}");

    public static string Bounded(string text) => text.Length <= MaxLength ? text : string.Concat(text.AsSpan(0, MaxLength - 1), "…");

    private static string Masked(string text)
    {
        // A runaway message must not cost a runaway search.
        var head = text.Length > 4 * MaxLength ? text[..(4 * MaxLength)] : text;
        return UserInUrl().Replace(KnownToken().Replace(NamedSecret().Replace(head, Mask), Mask), Mask);
    }

    [GeneratedRegex("""((?:password|passwd|pwd|secret|token|api[-_ ]?key|access[-_ ]?key|account[-_ ]?key|authorization|credential)s?["']?\s*[=:]\s*["']?(?:bearer\s+|basic\s+)?)[^\s;,"'&]+""", RegexOptions.IgnoreCase, 1000)]
    private static partial Regex NamedSecret();

    [GeneratedRegex(@"(\b(?:bearer\s+|sk-|ghp_|xox[a-z]-|AKIA))[A-Za-z0-9_\-\.=/+]{6,}", RegexOptions.IgnoreCase, 1000)]
    private static partial Regex KnownToken();

    [GeneratedRegex(@"(\b[a-z][a-z0-9+.-]*://)[^\s/@]+(?=@)", RegexOptions.IgnoreCase, 1000)]
    private static partial Regex UserInUrl();
}
