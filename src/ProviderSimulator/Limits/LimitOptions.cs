namespace Pipeline.ProviderSimulator.Limits;

/// <summary>The limits of one organisation. 0 means unlimited, which is the default of each.</summary>
public sealed class LimitOptions
{
    /// <value>Requests a minute.</value>
    public int RequestsPerMinute { get; set; }

    /// <value>Tokens a minute: OpenAI charges max(max_tokens, estimate) at admission; Anthropic input at admission, output as produced.</value>
    public int TokensPerMinute { get; set; }

    /// <value>Input tokens a minute (Anthropic only).</value>
    public int InputTokensPerMinute { get; set; }

    /// <value>Output tokens a minute (Anthropic only). Output is charged when it is produced, so the level can fall below zero.</value>
    public int OutputTokensPerMinute { get; set; }

    /// <value>Calls in work at one time.</value>
    public int Concurrency { get; set; }

    /// <value>How many seconds' worth of a limit a rested bucket holds; providers hold a minute, some enforce 1 or 10 seconds.</value>
    public double BurstSeconds { get; set; } = 60;

    /// <value>The organisation has no money left: every call is refused and must not be retried.</value>
    public bool QuotaExhausted { get; set; }
}
