namespace Pipeline.ProviderSimulator.Limits;

/// <summary>What settings of limits, foreign traffic and headers may be: for the start, and for changes at run time.</summary>
internal static class LimitRules
{
    private static readonly HashSet<string> BillingCodes = new(StringComparer.Ordinal)
    {
        "insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded", "project_spend_limit_exceeded", "organization_usage_limit_exceeded",
        "billing_hard_limit_reached", "enforced_spend_limit_reached", "billing_error", "invalid_request_error",
    };

    public static IReadOnlyList<string> Problems(string path, LimitOptions limits, bool mayHaveClasses)
    {
        var check = new Check(path);
        check.Range(nameof(limits.RequestsPerMinute), limits.RequestsPerMinute, 0, int.MaxValue);
        check.Range(nameof(limits.TokensPerMinute), limits.TokensPerMinute, 0, int.MaxValue);
        check.Range(nameof(limits.InputTokensPerMinute), limits.InputTokensPerMinute, 0, int.MaxValue);
        check.Range(nameof(limits.OutputTokensPerMinute), limits.OutputTokensPerMinute, 0, int.MaxValue);
        check.Range(nameof(limits.Concurrency), limits.Concurrency, 0, 1_000_000);
        check.Range(nameof(limits.BurstSeconds), limits.BurstSeconds, 0.001, 86_400);
        check.Range(nameof(limits.RequestWindowSeconds), limits.RequestWindowSeconds ?? 1, 0.001, 3600);
        check.Range(nameof(limits.TokenWindowSeconds), limits.TokenWindowSeconds ?? 1, 0.001, 3600);
        check.Range(nameof(limits.EstimateFactor), limits.EstimateFactor, 0.01, 100);
        check.Range(nameof(limits.EstimateNoise), limits.EstimateNoise, 0, 0.99);
        check.Range(nameof(limits.RampAboveTokensPerMinute), limits.RampAboveTokensPerMinute, 0, int.MaxValue);
        check.Range(nameof(limits.RampGrowth), limits.RampGrowth, 0, 100);
        check.Range(nameof(limits.SpendLimitTokens), limits.SpendLimitTokens, 0, long.MaxValue);
        if (limits.BillingCode is { } code && !BillingCodes.Contains(code))
        {
            check.Fail(nameof(limits.BillingCode), $"is '{code}'; write one of: {string.Join(", ", BillingCodes.Order(StringComparer.Ordinal))}");
        }

        foreach ((string modelClass, LimitOptions own) in limits.Classes)
        {
            if (mayHaveClasses)
            {
                check.Problems.AddRange(Problems($"{path}:{nameof(limits.Classes)}:{modelClass}", own, false));
            }
            else
            {
                check.Fail($"{nameof(limits.Classes)}:{modelClass}", "is a class where none can be; only organisations have classes");
            }
        }

        return check.Problems;
    }

    public static IReadOnlyList<string> Problems(string path, ForeignTrafficOptions foreign)
    {
        var check = new Check(path);
        check.Range(nameof(foreign.RequestsPerMinute), foreign.RequestsPerMinute, 0, 600_000);
        check.Range(nameof(foreign.InputTokens), foreign.InputTokens, 0, 100_000_000);
        check.Range(nameof(foreign.OutputTokens), foreign.OutputTokens, 0, 100_000_000);
        return check.Problems;
    }

    public static IReadOnlyList<string> Problems(string path, HeaderOptions headers)
    {
        var check = new Check(path);
        check.Range(nameof(headers.RemainingFactor), headers.RemainingFactor, 0, 1000);
        check.Range(nameof(headers.DelaySeconds), headers.DelaySeconds, 0, 600);
        check.Range(nameof(headers.RetryAfterFactor), headers.RetryAfterFactor, 0, 1000);
        return check.Problems;
    }

    private sealed class Check(string path)
    {
        public List<string> Problems { get; } = [];

        public void Range(string member, double value, double min, double max)
        {
            if (!(value >= min && value <= max))
            {
                Fail(member, $"is '{value}'; set it from {min} to {max}");
            }
        }

        public void Fail(string member, string text) => Problems.Add($"{path}:{member} {text}");
    }
}
