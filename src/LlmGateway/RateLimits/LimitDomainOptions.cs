using System.ComponentModel.DataAnnotations;
using Pipeline.LlmGateway.Keys;

namespace Pipeline.LlmGateway.RateLimits;

/// <summary>
/// What a provider really meters: an organisation (or deployment) and a class of models. All keys of one organisation share one domain.
/// Section <c>Llm:Domains:&lt;name&gt;</c>. Limits are those of a minute; 0 is no limit.
/// </summary>
public sealed class LimitDomainOptions
{
    [Range(0, 10_000_000)]
    public int RequestsPerMinute { get; set; }

    /// <value>Input and output together.</value>
    [Range(0, 1_000_000_000)]
    public int TokensPerMinute { get; set; }

    [Range(0, 1_000_000_000)]
    public int InputTokensPerMinute { get; set; }

    [Range(0, 1_000_000_000)]
    public int OutputTokensPerMinute { get; set; }

    /// <value>Calls in work at once, at most.</value>
    [Range(1, 10_000)]
    public int Concurrency { get; set; } = 1000;

    /// <value>How the provider counts, where that is known. <see cref="LimitShape.Auto"/> is safe with all of them.</value>
    public LimitShape Shape { get; set; }

    /// <value>How requests are counted, if not as tokens are.</value>
    public LimitShape? RequestShape { get; set; }

    /// <value>The window of <see cref="LimitShape.Sliding"/> (default 60 s) and <see cref="LimitShape.Quantised"/> (default 10 s).</value>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan? Window { get; set; }

    /// <value>What a call takes; <see cref="ChargeModel.ByProtocol"/> follows the provider of the pool.</value>
    public ChargeModel Charge { get; set; }

    /// <value>How much of the limit a rested bucket holds, in time: what may go at once after a quiet while. Providers hold a minute; some enforce less.</value>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan Burst { get; set; } = TimeSpan.FromSeconds(60);

    /// <value>How much later than it was sent a call may reach the provider. Until its answer is there it stands against a window as if it had; calls that take
    /// longer cost a window that much of its use.</value>
    [Range(typeof(TimeSpan), "00:00:00", "00:00:05")]
    public TimeSpan ArrivalJitter { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <value>A call that has not ended by then counts as charged, and no longer as in work. Above the longest call.</value>
    [Range(typeof(TimeSpan), "00:00:10", "01:00:00")]
    public TimeSpan ReservationLease { get; set; } = TimeSpan.FromMinutes(21);

    /// <value>Alias → key. All of one vendor and one organisation: what they share is this domain. The pool's own key where there are none.</value>
    public Dictionary<string, ApiKeyOptions> Keys { get; init; } = new(StringComparer.Ordinal);

    internal int LimitOf(LimitDimension dimension) => dimension switch
    {
        LimitDimension.Requests => RequestsPerMinute,
        LimitDimension.Tokens => TokensPerMinute,
        LimitDimension.InputTokens => InputTokensPerMinute,
        _ => OutputTokensPerMinute,
    };
}
