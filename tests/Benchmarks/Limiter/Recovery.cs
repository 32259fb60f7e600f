using Pipeline.ProviderSimulator;
using Pipeline.ProviderSimulator.Limits;

namespace Pipeline.Benchmarks.Limiter;

/// <summary>What the provider saw around one kill: when the capacity was used again, and what was in flight.</summary>
internal static class Recovery
{
    private const double Enough = 0.97;

    /// <summary>The span over which the rate of a bucket is looked at.</summary>
    private const int RateSeconds = 5;

    /// <summary>An answer that left the provider so shortly before the kill need not have been stored.</summary>
    private static readonly TimeSpan OnItsWay = TimeSpan.FromMilliseconds(250);

    /// <summary>
    /// Seconds from the kill to the first moment after the gap at which the limit is used to 97 % again. A sliding window: it holds 97 % of
    /// what it may. A bucket: so much flows in five seconds. Null where that did not happen before the next kill.
    /// </summary>
    /// <param name="calls">In the order of arrival.</param>
    /// <param name="limit">The one that binds.</param>
    /// <param name="killed">When.</param>
    /// <param name="end">The next kill, or the end.</param>
    public static double? SecondsToFull(IReadOnlyList<LedgerEntry> calls, LimitPeriod limit, DateTimeOffset killed, DateTimeOffset end)
    {
        var charges = calls.SelectMany(call => call.Charges.Select(x => (At: call.At.AddTicks(x.Ticks - call.ArrivalTicks), Amount: AmountOf(x.Amount, limit.Dimension)))).OrderBy(x => x.At).ToList();
        var begun = FirstAfterGap(calls, killed);
        for (var at = begun; at is not null && at < end; at = at.Value.AddSeconds(0.5))
        {
            var (from, to, wanted) = limit.Shape == LimitShape.Sliding
                ? (at.Value.AddSeconds(-limit.PeriodSeconds), at.Value, limit.Capacity)
                : (at.Value, at.Value.AddSeconds(RateSeconds), limit.PerMinute / 60d * RateSeconds);
            if (charges.Where(x => x.At >= from && x.At < to).Sum(x => x.Amount) >= Enough * wanted)
            {
                return (at.Value - killed).TotalSeconds;
            }
        }

        return null;
    }

    /// <summary>Calls that had reached the provider and had not been answered when their caller died, and those whose answer had just left.</summary>
    public static int InFlight(IReadOnlyList<LedgerEntry> calls, DateTimeOffset killed) =>
        calls.Count(x => x.At <= killed + OnItsWay && x.At.AddMilliseconds(x.DurationMilliseconds) > killed - OnItsWay);

    /// <summary>Nothing, or too little, arrives for a while: the first call after the longest pause that began within three seconds of the kill.</summary>
    private static DateTimeOffset? FirstAfterGap(IReadOnlyList<LedgerEntry> calls, DateTimeOffset killed)
    {
        var after = calls.Where(x => x.At >= killed.AddSeconds(-1)).ToList();
        (TimeSpan Length, DateTimeOffset? End) longest = (TimeSpan.Zero, null);
        for (var index = 1; index < after.Count && after[index - 1].At < killed.AddSeconds(3); index++)
        {
            var gap = after[index].At - after[index - 1].At;
            if (gap > longest.Length)
            {
                longest = (gap, after[index].At);
            }
        }

        return longest.End;
    }

    private static double AmountOf(Charge charge, LimitDimension dimension) => dimension switch
    {
        LimitDimension.InputTokens => charge.InputTokens,
        LimitDimension.OutputTokens => charge.OutputTokens,
        _ => charge.Tokens,
    };
}
