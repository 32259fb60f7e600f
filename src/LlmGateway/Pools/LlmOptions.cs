using System.ComponentModel.DataAnnotations;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Pools;

/// <summary>The gateway's settings. Section <c>Llm</c>; environment variables <c>Llm__Pools__default__Model</c> and so on.</summary>
public sealed class LlmOptions
{
    public const string Section = "Llm";

    /// <summary>The pool that exists when none is configured.</summary>
    public const string DefaultPool = "default";

    /// <value>What all pools of provider <c>openai</c> share.</value>
    public VendorOptions OpenAi { get; set; } = new();

    /// <value>What all pools of provider <c>anthropic</c> share.</value>
    public VendorOptions Anthropic { get; set; } = new();

    /// <value>What all pools of provider <c>azure</c> share.</value>
    public VendorOptions Azure { get; set; } = new();

    /// <value>The pools by name; the name is what agent definitions and the queue <c>llm.&lt;name&gt;</c> say.</value>
    public Dictionary<string, PoolOptions> Pools { get; set; } = [];

    /// <value>The limit domains by name: what providers really meter, and the keys that share it. A pool that names none has one of its own, of its own name.</value>
    public Dictionary<string, LimitDomainOptions> Domains { get; set; } = new(StringComparer.Ordinal);

    /// <value>How long a key that the provider refused is left alone, unless it is changed, before one call looks again.</value>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan KeyRecheck { get; set; } = TimeSpan.FromMinutes(10);

    /// <value>How often <c>file:</c> and <c>env:</c> references of keys are read again; below a second, so that a new key is in use within one.</value>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:01:00")]
    public TimeSpan KeyPollInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <value>Failed calls of one request to a pool before it gives up; throttled calls do not count, they wait.</value>
    [Range(1, 20)]
    public int Attempts { get; set; } = 4;

    /// <value>The same where a fallback pool stands ready.</value>
    [Range(1, 20)]
    public int AttemptsBeforeFallback { get; set; } = 2;

    /// <value>The wait before the second attempt; it doubles with each further one.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <value>The longest wait between two attempts.</value>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:10:00")]
    public TimeSpan LongestRetryDelay { get; set; } = TimeSpan.FromSeconds(20);

    /// <value>The longest a delivery is held, whatever its deadline: below the 30 minutes after which a broker takes it for lost.</value>
    [Range(typeof(TimeSpan), "00:00:01", "00:29:00")]
    public TimeSpan LongestHold { get; set; } = TimeSpan.FromMinutes(25);

    /// <value>The part of calls that must fail, within <see cref="CircuitWindow"/>, for a pool's circuit to open.</value>
    [Range(0.01d, 1d)]
    public double CircuitFailureRatio { get; set; } = 0.5;

    /// <value>Calls within <see cref="CircuitWindow"/> below which the circuit never opens.</value>
    [Range(2, 10_000)]
    public int CircuitMinimumCalls { get; set; } = 8;

    /// <value>The window over which calls and failures are counted.</value>
    [Range(typeof(TimeSpan), "00:00:00.5", "00:10:00")]
    public TimeSpan CircuitWindow { get; set; } = TimeSpan.FromSeconds(30);

    /// <value>How long an open circuit waits before it lets one call through as a probe.</value>
    [Range(typeof(TimeSpan), "00:00:00.5", "00:10:00")]
    public TimeSpan CircuitBreak { get; set; } = TimeSpan.FromSeconds(10);

    /// <value>How long one attempt to hand an answer to the broker may take; its confirm can stay out for ever after a broker restart.</value>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:05:00")]
    public TimeSpan AnswerTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <value>Attempts to hand over an answer before the delivery is given back to the broker. The answer was paid for, so it is worth several.</value>
    [Range(1, 20)]
    public int AnswerAttempts { get; set; } = 3;

    /// <value>The largest provider answer that is read.</value>
    [Range(1024, 8 * 1024 * 1024)]
    public int LargestAnswerBytes { get; set; } = 8 * 1024 * 1024;
}
