using System.ComponentModel.DataAnnotations;

namespace Pipeline.LlmGateway.Pools;

/// <summary>
/// One model pool: an endpoint, a model and what they take. Section <c>Llm:Pools:&lt;name&gt;</c>.
/// A class, not a record: a record's ToString would print the key.
/// </summary>
public sealed class PoolOptions
{
    /// <value><c>openai</c> (chat completions, and everything that speaks it), <c>anthropic</c> (messages) or <c>azure</c> (deployments of Azure OpenAI).</value>
    public string Provider { get; set; } = "openai";

    /// <value>The model, as the provider names it; for Azure the deployment.</value>
    [Required]
    [StringLength(200)]
    public string Model { get; set; } = "gpt-4.1-mini";

    /// <value>The endpoint; that of the vendor's section where absent.</value>
    public string? BaseUrl { get; set; }

    /// <value>The version of Azure's interface, where the address carries one.</value>
    [Required]
    [RegularExpression("^[0-9A-Za-z.-]{1,40}$")]
    public string ApiVersion { get; set; } = "2024-10-21";

    /// <value>The key; that of the vendor's section where absent.</value>
    public string? ApiKey { get; set; }

    /// <value>The limit domain that its calls are counted in; one of its own, made of this pool's limits, where absent.</value>
    public string? Domain { get; set; }

    /// <value>Several domains, used in turn: other organisations or projects of the same endpoint. Instead of <see cref="Domain"/>.</value>
    public List<string> Domains { get; init; } = [];

    /// <value>The model's context window in tokens, prompt and output together; 0 is not known.</value>
    [Range(0, 100_000_000)]
    public int ContextTokens { get; set; }

    /// <value>Requests in flight at once, at most.</value>
    [Range(1, 1000)]
    public int Concurrency { get; set; } = 20;

    /// <value>Deliveries taken from the queue beyond <see cref="Concurrency"/>, so that a freed slot never waits for the broker. The rest stays in the queue, visible.</value>
    [Range(0, 1000)]
    public int LookAhead { get; set; } = 4;

    /// <value>The provider's limit of requests a minute; 0 is no limit.</value>
    [Range(0, 10_000_000)]
    public int RequestsPerMinute { get; set; }

    /// <value>The provider's limit of tokens a minute, input and output together; 0 is no limit.</value>
    [Range(0, 1_000_000_000)]
    public int TokensPerMinute { get; set; }

    /// <value>How much of the per-minute limits may be used at once after a pause. Small: providers enforce a minute's limit in shorter windows.</value>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan Burst { get; set; } = TimeSpan.FromSeconds(1);

    /// <value>
    /// The part of the requested output tokens that is reserved before the call and settled on the reported usage after it.
    /// For Anthropic; OpenAI's limit takes max(prompt, requested output) at once and for good, so the gateway does too.
    /// </value>
    [Range(0d, 1d)]
    public double OutputShare { get; set; } = 0.5;

    /// <value>
    /// Where output is charged as it is produced: the part of an agent's answers that the reserved output holds, once enough of them were seen.
    /// Until then <see cref="OutputShare"/>.
    /// </value>
    [Range(0.5d, 0.999d)]
    public double OutputQuantile { get; set; } = 0.9;

    /// <value>
    /// Where requested output is charged at once (OpenAI, Azure): ask for no more than twice what nearly all answers of the agent took. An answer
    /// beyond that ends early (finish reason <c>length</c>), so this is off unless the agents can bear it.
    /// </value>
    public bool LearnMaxTokens { get; set; }

    /// <value>How long one call may take.</value>
    [Range(typeof(TimeSpan), "00:00:01", "00:20:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <value>The pool that answers when this one cannot, and so on from there; none where absent.</value>
    public string? Fallback { get; set; }
}
