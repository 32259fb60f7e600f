using System.Text.RegularExpressions;

namespace Pipeline.ToolWorkers.Secrets;

/// <summary>
/// The secrets that declared tools may name as <c>secret:NAME</c>: the setting <c>Tools__Secrets__NAME</c>, or the file NAME in
/// <c>Tools__SecretsDirectory</c>. Nothing else of the environment can be reached, so that a manifest cannot send the database password away.
/// Read at start; values are in no log and no answer.
/// </summary>
internal sealed partial class ToolSecrets
{
    public const string Mask = "***";
    private const int MaxFileBytes = 16 * 1024;

    /// <summary>Shorter values occur by chance; masking them would garble results and hide nothing.</summary>
    private const int ShortestMasked = 6;

    private readonly Dictionary<string, string> _values = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> _masked;

    public ToolSecrets(ToolsOptions options, string contentRoot)
    {
        if (options.SecretsDirectory.Length > 0 && Path.Combine(contentRoot, options.SecretsDirectory) is var directory && Directory.Exists(directory))
        {
            foreach (var file in new DirectoryInfo(directory).EnumerateFiles().Where(x => Name().IsMatch(x.Name) && x.Length <= MaxFileBytes).Take(1000))
            {
                try
                {
                    _values[file.Name] = File.ReadAllText(file.FullName).Trim();
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    // Whoever names it is told that it is not set; a file that nobody names is nobody's problem.
                }
            }
        }

        foreach (var (name, value) in options.Secrets)
        {
            _values[name] = value;
        }

        // Longest first: one that contains another must not leave its rest.
        _masked = [.. _values.Values.Where(x => x.Length >= ShortestMasked).Distinct().OrderByDescending(x => x.Length)];
    }

    /// <summary>The names that a text refers to.</summary>
    public static IEnumerable<string> NamesIn(string text) => Reference().Matches(text).Select(x => x.Groups[1].Value);

    /// <summary>What is wrong with the text's references; null where all can be resolved.</summary>
    public string? Problem(string text)
    {
        foreach (var name in NamesIn(text))
        {
            if (!_values.TryGetValue(name, out var value) || value.Length == 0)
            {
                return $"names the secret '{name}', which is not set. Set Tools__Secrets__{name}, or put a file '{name}', readable for the service's user, into Tools__SecretsDirectory.";
            }

            if (value.Any(char.IsControl))
            {
                return $"names the secret '{name}', whose value has a line break or another control character. Correct the value.";
            }
        }

        return null;
    }

    /// <summary>The text with the values in the places of the references.</summary>
    /// <exception cref="InvalidOperationException">A secret is not set.</exception>
    public string Resolve(string text) => Reference().Replace(
        text,
        x => _values.TryGetValue(x.Groups[1].Value, out var value)
            ? value
            : throw new InvalidOperationException($"The secret '{x.Groups[1].Value}' is not set. Set Tools__Secrets__{x.Groups[1].Value}."));

    /// <summary>The text without any secret that a server may have echoed.</summary>
    public string Redact(string text) => _masked.Aggregate(text, (current, secret) => current.Replace(secret, Mask, StringComparison.Ordinal));

    [GeneratedRegex(@"\bsecret:([A-Za-z_][A-Za-z0-9_]{0,63})")]
    private static partial Regex Reference();

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]{0,63}\z")]
    private static partial Regex Name();
}
