using Pipeline.ProviderSimulator.Limits;

namespace Pipeline.ProviderSimulator;

internal static class Verdicts
{
    public static Verdict Of(LimitRefusal refusal) => refusal switch
    {
        { RetryAfter: null } => Verdict.NeverFits,
        { Dimension: LimitDimension.Requests } => Verdict.RequestLimited,
        { Dimension: LimitDimension.Concurrency } => Verdict.ConcurrencyLimited,
        { Dimension: LimitDimension.Ramp } => Verdict.SlowDown,
        _ => Verdict.TokenLimited,
    };
}
