using System.Text.RegularExpressions;

namespace Pipeline.ProviderSimulator.Scripts;

/// <summary>
/// A regular expression on one field of the request. Rules that use the same pattern share a slot, so a call tries it once,
/// however many rules ask.
/// </summary>
internal sealed record RulePattern(int Slot, RequestField Field, Regex Regex, string[] Groups)
{
    /// <summary>A request is somebody else's text: a pattern that backtracks for long must end as an error, not as a stuck simulator.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Case is ignored and '.' matches line breaks: people's claims have both.</summary>
    public static Regex Compile(string pattern) =>
        new(pattern, RegexOptions.Compiled | RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.Singleline, Patience);

    public static string[] NamedGroups(Regex regex) => [.. regex.GetGroupNames().Where(n => !char.IsAsciiDigit(n[0]))];

    public string Input(ModelRequest request) => Field switch
    {
        RequestField.System => request.System,
        RequestField.FirstUser => request.FirstUser,
        RequestField.LastUser => request.LastUser,
        _ => request.Model,
    };
}
