using Pipeline.ProviderSimulator.Limits;

namespace Pipeline.ProviderSimulator;

/// <summary>Settings of the simulator, section <c>ProviderSimulator</c>.</summary>
public sealed class ProviderSimulatorOptions
{
    public const string Section = "ProviderSimulator";

    /// <summary>A key for hosts that embed the simulator. It opens nothing but the simulator.</summary>
    public const string DefaultApiKey = "simulator-embedded-key";

    /// <summary>The organisation of every key while <see cref="Keys"/> is empty.</summary>
    public const string DefaultOrganisation = "org-simulator";

    /// <value>The rule file of the scripted model; none = a fixed answer. Relative paths start at the working directory.</value>
    public string? RulesFile { get; set; }

    /// <value>API key → organisation, or organisation/project. Empty = every non-empty key is accepted. (A key with ':' cannot be written as a configuration name.)</value>
    public Dictionary<string, string> Keys { get; } = new(StringComparer.Ordinal);

    /// <value>The models that exist. Empty = every name is accepted.</value>
    public List<string> Models { get; } = [];

    /// <value>The limits of every organisation that <see cref="Organisations"/> does not name.</value>
    public LimitOptions Limits { get; set; } = new();

    /// <value>Organisation → its own limits, instead of <see cref="Limits"/>.</value>
    public Dictionary<string, LimitOptions> Organisations { get; } = new(StringComparer.Ordinal);

    /// <value>organisation/project → limits of the project, beside those of the organisation.</value>
    public Dictionary<string, LimitOptions> Projects { get; } = new(StringComparer.Ordinal);

    /// <value>API key → limits of the key, beside those of its organisation.</value>
    public Dictionary<string, LimitOptions> KeyLimits { get; } = new(StringComparer.Ordinal);

    /// <value>Prefix of a model's name → class. The models of a class share limits; those without a class share theirs. The longest prefix wins.</value>
    public Dictionary<string, string> ModelClasses { get; } = new(StringComparer.Ordinal);

    /// <value>Organisation → somebody else who uses it.</value>
    public Dictionary<string, ForeignTrafficOptions> Foreign { get; } = new(StringComparer.Ordinal);

    /// <value>What the rate-limit headers show and hide.</value>
    public HeaderOptions Headers { get; set; } = new();

    /// <value>Everything that looks random follows from it: estimates, foreign calls.</value>
    public ulong Seed { get; set; } = 1;

    /// <value>Prompt and max_tokens together may not be longer (<c>context_length_exceeded</c>); 0 = no such limit.</value>
    public int ContextTokens { get; set; }

    /// <value>How fast output is produced, after the latency of the first token; 0 = at once. Streams are paced by it.</value>
    public double OutputTokensPerSecond { get; set; }

    /// <value>Whether answers carry the rate-limit headers.</value>
    public bool SendRateLimitHeaders { get; set; } = true;

    /// <value>Whether a 429 says when to come back.</value>
    public bool SendRetryAfter { get; set; } = true;

    /// <value>Whether Anthropic's output limit charges max_tokens at admission, as it did in 2025, rather than what is produced.</value>
    public bool AnthropicChargesMaxTokens { get; set; }

    /// <value>Multiplies every latency of the rules; 0 = answer at once, for benchmarks.</value>
    public double LatencyFactor { get; set; } = 1;

    /// <value>No answer takes longer; a hang ends here with a cut connection.</value>
    public TimeSpan MaxLatency { get; set; } = TimeSpan.FromMinutes(10);

    /// <value>Longest request body; longer ones are refused with 413.</value>
    public int MaxRequestBytes { get; set; } = 4 * 1024 * 1024;

    /// <value>Characters of text in one chunk of a stream.</value>
    public int StreamChunkCharacters { get; set; } = 24;

    /// <value>How many calls the ledger remembers one by one; the totals are exact whatever it forgets.</value>
    public int LedgerCapacity { get; set; } = 10_000;
}
