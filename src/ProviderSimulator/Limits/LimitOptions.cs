namespace Pipeline.ProviderSimulator.Limits;

/// <summary>The limits of one organisation, project or key, and how they are counted. 0 means unlimited, which is the default of each.</summary>
public sealed class LimitOptions
{
    /// <value>Defaults of the shapes, windows and the charge model that are not set here.</value>
    public LimitPreset Preset { get; set; }

    /// <value>Requests a minute.</value>
    public int RequestsPerMinute { get; set; }

    /// <value>Tokens a minute, input and output together.</value>
    public int TokensPerMinute { get; set; }

    /// <value>Input tokens a minute.</value>
    public int InputTokensPerMinute { get; set; }

    /// <value>Output tokens a minute. Output that is charged when it is produced can take the level below zero.</value>
    public int OutputTokensPerMinute { get; set; }

    /// <value>Calls in work at one time.</value>
    public int Concurrency { get; set; }

    /// <value>How many seconds' worth of a limit a rested continuous bucket holds; providers hold a minute, some enforce 1 or 10 seconds.</value>
    public double BurstSeconds { get; set; } = 60;

    /// <value>How requests are counted; none = as the preset says, continuous without one.</value>
    public LimitShape? RequestShape { get; set; }

    /// <value>How the three token limits are counted; none = as the preset says, continuous without one.</value>
    public LimitShape? TokenShape { get; set; }

    /// <value>How input tokens are counted, if not as the other tokens.</value>
    public LimitShape? InputTokenShape { get; set; }

    /// <value>How output tokens are counted, if not as the other tokens.</value>
    public LimitShape? OutputTokenShape { get; set; }

    /// <value>Seconds of a sliding (default 60) or quantised (default 10) window of requests; it holds its share of the limit.</value>
    public double? RequestWindowSeconds { get; set; }

    /// <value>The same for tokens.</value>
    public double? TokenWindowSeconds { get; set; }

    /// <value>What a call takes; none = as the preset says, the protocol's own without one.</value>
    public ChargeModel? Charge { get; set; }

    /// <value>Multiplies the provider's estimate of a prompt: above 1 it counts more than the characters say.</value>
    public double EstimateFactor { get; set; } = 1;

    /// <value>Spread of the estimate from call to call: 0.1 = ±10 %, drawn from the seed.</value>
    public double EstimateNoise { get; set; }

    /// <value>Whether a call that a limit refused takes one request, as OpenAI says.</value>
    public bool RefusedRequestsCount { get; set; }

    /// <value>Above so many tokens a minute the load may grow by <see cref="RampGrowth"/> in 15 minutes and no faster (<c>slow_down</c>); 0 = off.</value>
    public int RampAboveTokensPerMinute { get; set; }

    /// <value>Permitted growth: 0.5 = by half.</value>
    public double RampGrowth { get; set; } = 0.5;

    /// <value>The organisation has no money left: every call is refused and must not be retried.</value>
    public bool QuotaExhausted { get; set; }

    /// <value>The money ends when so many tokens have been billed since the start; 0 = never.</value>
    public long SpendLimitTokens { get; set; }

    /// <value>
    /// The code of the refusal without money. OpenAI: insufficient_quota (default), credit_balance_exhausted, organization_spend_limit_exceeded,
    /// project_spend_limit_exceeded, organization_usage_limit_exceeded, billing_hard_limit_reached. Anthropic: enforced_spend_limit_reached
    /// (default, 429), billing_error (402), invalid_request_error (400).
    /// </value>
    public string? BillingCode { get; set; }

    /// <value>Model class → its own limits instead of these. Only organisations have classes; see <see cref="ProviderSimulatorOptions.ModelClasses"/>.</value>
    public Dictionary<string, LimitOptions> Classes { get; init; } = new(StringComparer.Ordinal);

    internal LimitShape ShapeOf(LimitDimension dimension) => dimension switch
    {
        LimitDimension.Requests => RequestShape,
        LimitDimension.InputTokens => InputTokenShape ?? TokenShape,
        LimitDimension.OutputTokens => OutputTokenShape ?? TokenShape,
        _ => TokenShape,
    } ?? (Preset, dimension) switch
    {
        (LimitPreset.Azure, LimitDimension.Requests) => LimitShape.Quantised,
        (LimitPreset.Azure, _) => LimitShape.FixedMinute,
        (LimitPreset.Sliding60s, _) => LimitShape.Sliding,
        _ => LimitShape.Continuous,
    };

    internal TimeSpan PeriodOf(LimitDimension dimension)
    {
        double? window = dimension == LimitDimension.Requests ? RequestWindowSeconds : TokenWindowSeconds;
        return TimeSpan.FromSeconds(ShapeOf(dimension) switch
        {
            LimitShape.Sliding => window ?? 60,
            LimitShape.Quantised => window ?? 10,
            _ => 60,
        });
    }

    internal ChargeModel ChargeOr(ChargeModel protocols)
    {
        ChargeModel chosen = Charge ?? Preset switch
        {
            LimitPreset.OpenAi => ChargeModel.LargerOfPromptAndMaxTokens,
            LimitPreset.Anthropic => ChargeModel.InputThenOutput,
            LimitPreset.Azure => ChargeModel.PromptPlusMaxTokens,
            _ => ChargeModel.Protocol,
        };
        return chosen == ChargeModel.Protocol ? protocols : chosen;
    }

    internal int LimitOf(LimitDimension dimension) => dimension switch
    {
        LimitDimension.Requests => RequestsPerMinute,
        LimitDimension.Tokens => TokensPerMinute,
        LimitDimension.InputTokens => InputTokensPerMinute,
        LimitDimension.OutputTokens => OutputTokensPerMinute,
        _ => 0,
    };
}
