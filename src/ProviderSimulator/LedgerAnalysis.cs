using Pipeline.ProviderSimulator.Limits;

namespace Pipeline.ProviderSimulator;

/// <summary>Counts ledger entries. Tests, benchmarks and the route <c>/ledger/report</c> share it, so that all of them mean the same.</summary>
public static class LedgerAnalysis
{
    private const int Listed = 100;
    private const int ListedGaps = 20;

    /// <param name="entries">In any order.</param>
    /// <param name="limits">The limits that held, with their times.</param>
    /// <param name="start">The wall clock at tick 0.</param>
    /// <param name="fromTicks">Begin of the span, inclusive.</param>
    /// <param name="toTicks">End of the span, exclusive.</param>
    public static LedgerReport Compute(IReadOnlyCollection<LedgerEntry> entries, IReadOnlyList<LimitPeriod> limits, DateTimeOffset start, long fromTicks, long toTicks)
    {
        LedgerEntry[] span = [.. entries.Where(x => x.ArrivalTicks >= fromTicks && x.ArrivalTicks < toTicks).OrderBy(x => x.ArrivalTicks).ThenBy(x => x.Sequence)];
        LedgerEntry[] own = [.. span.Where(x => !x.Foreign)];
        RepeatReport[] repeats = [.. own.Where(x => x.IdempotencyKey is not null).GroupBy(x => x.IdempotencyKey!)
            .Where(x => x.Skip(1).Any()).Select(x => new RepeatReport(x.Key, x.Count(), x.Count(e => e.Admitted), x.Count(e => e.IsBilled)))];
        return new LedgerReport
        {
            From = start.AddTicks(fromTicks),
            To = start.AddTicks(toTicks),
            Arrivals = own.Length,
            ForeignArrivals = span.Length - own.Length,
            Verdicts = Count(own, x => x.Verdict.ToString()),
            TooManyRequests = Count(own.Where(x => x.Is429), x => x.RefusedBy ?? x.Verdict.ToString()),
            BilledInputTokens = own.Sum(x => (long)x.InputTokens),
            BilledOutputTokens = own.Sum(x => (long)x.OutputTokens),
            BilledCachedTokens = own.Sum(x => (long)x.CachedTokens),
            Limits = [.. limits.Where(x => x.FromTicks < toTicks && (x.ToTicks ?? long.MaxValue) > fromTicks).Select(x => Limit(entries, x, start, fromTicks, toTicks))],
            Recoveries = [.. own.Where(x => x.ModelClass is not null).GroupBy(x => (x.Organisation, x.ModelClass))
                .SelectMany(x => Recoveries([.. x], x.Key.Organisation!, x.Key.ModelClass!, start)).Take(Listed)],
            RepeatedKeys = repeats.Length,
            RepeatedlyBilledKeys = repeats.Count(x => x.Billed > 1),
            Repeats = [.. repeats.Take(Listed)],
        };
    }

    private static LimitReport Limit(IReadOnlyCollection<LedgerEntry> entries, LimitPeriod limit, DateTimeOffset start, long fromTicks, long toTicks)
    {
        long from = Math.Max(fromTicks, limit.FromTicks);
        long to = Math.Min(toTicks, limit.ToTicks ?? long.MaxValue);
        (long Ticks, double Amount, bool Foreign)[] charges = [.. entries.Where(limit.Covers).SelectMany(x => Charges(x, limit.Dimension))
            .Where(x => x.Ticks >= limit.FromTicks && x.Ticks < to).OrderBy(x => x.Ticks)];
        (double worst, long? worstEnd) = WorstWindow(charges, TimeSpan.FromSeconds(limit.PeriodSeconds).Ticks, from);
        double seconds = (to - from) / (double)TimeSpan.TicksPerSecond;
        double charged = charges.Where(x => x.Ticks >= from).Sum(x => x.Amount);
        double perSecond = limit.PerMinute / 60.0;
        return new LimitReport
        {
            Limit = limit,
            Seconds = seconds,
            Charged = charged,
            ForeignCharged = charges.Where(x => x.Foreign && x.Ticks >= from).Sum(x => x.Amount),
            Utilisation = charged / (perSecond * seconds),
            WorstWindowCharged = worst,
            WorstWindow = worst / (perSecond * limit.PeriodSeconds),
            WorstWindowEnd = worstEnd is { } end ? start.AddTicks(end) : null,
            PeakFill = limit.Shape switch
            {
                LimitShape.Continuous => PeakOfBucket(charges, perSecond, from),
                LimitShape.Sliding => worst,
                _ => PeakOfWindows(charges, TimeSpan.FromSeconds(limit.PeriodSeconds).Ticks, start, from),
            } / limit.Capacity,
        };
    }

    private static IEnumerable<(long Ticks, double Amount, bool Foreign)> Charges(LedgerEntry entry, LimitDimension dimension) => dimension == LimitDimension.Requests
        ? entry.Charges.Take(1).Select(x => (x.Ticks, 1.0, entry.Foreign))
        : entry.Charges.Select(x => (x.Ticks, (double)x.Amount.Of(dimension), entry.Foreign)).Where(x => x.Item2 != 0);

    /// <summary>The window that ends at each charge is the fullest of those that hold it as their last; a charge leaves one window after it came.</summary>
    private static (double Worst, long? End) WorstWindow((long Ticks, double Amount, bool Foreign)[] charges, long window, long from)
    {
        (double worst, long? end, double sum, int oldest) = (0, null, 0, 0);
        foreach ((long ticks, double amount, _) in charges)
        {
            sum += amount;
            while (charges[oldest].Ticks <= ticks - window)
            {
                sum -= charges[oldest++].Amount;
            }

            if (ticks >= from && sum > worst)
            {
                (worst, end) = (sum, ticks);
            }
        }

        return (worst, end);
    }

    private static double PeakOfBucket((long Ticks, double Amount, bool Foreign)[] charges, double perSecond, long from)
    {
        (double used, double peak, long last) = (0, 0, 0);
        foreach ((long ticks, double amount, _) in charges)
        {
            used = Math.Max(0, used - ((ticks - last) / (double)TimeSpan.TicksPerSecond * perSecond));
            used = Math.Max(0, used + amount);
            last = ticks;
            peak = ticks >= from ? Math.Max(peak, used) : peak;
        }

        return peak;
    }

    private static double PeakOfWindows((long Ticks, double Amount, bool Foreign)[] charges, long window, DateTimeOffset start, long from)
    {
        (double used, double peak, long current) = (0, 0, -1);
        foreach ((long ticks, double amount, _) in charges)
        {
            long number = (ticks + (start.UtcTicks % window)) / window;
            used = Math.Max(0, (number == current ? used : 0) + amount);
            current = number;
            peak = ticks >= from ? Math.Max(peak, used) : peak;
        }

        return peak;
    }

    private static IEnumerable<RecoveryReport> Recoveries(LedgerEntry[] calls, string organisation, string modelClass, DateTimeOffset start)
    {
        for (int index = 0; index < calls.Length; index++)
        {
            if (NotBefore(calls[index]) is not { } notBefore)
            {
                continue;
            }

            // Refusals within the pause prolong it.
            int next = index + 1;
            for (; next < calls.Length && calls[next].ArrivalTicks < notBefore; next++)
            {
                notBefore = Math.Max(notBefore, NotBefore(calls[next]) ?? 0);
            }

            LedgerEntry[] after = [.. calls.Skip(next).TakeWhile(x => x.ArrivalTicks < notBefore + TimeSpan.TicksPerMinute)];
            yield return new RecoveryReport
            {
                Organisation = organisation,
                ModelClass = modelClass,
                RefusedAt = calls[index].At,
                NotBefore = start.AddTicks(notBefore),
                Early = next - index - 1,
                FirstSecond = after.Count(x => x.ArrivalTicks < notBefore + TimeSpan.TicksPerSecond),
                Gaps = [.. after.Take(ListedGaps).Select((x, i) => (x.ArrivalTicks - (i == 0 ? notBefore : after[i - 1].ArrivalTicks)) / (double)TimeSpan.TicksPerMillisecond)],
            };
            index = next - 1;
        }
    }

    private static long? NotBefore(LedgerEntry entry) =>
        entry.RetryAfterMilliseconds is { } wait ? entry.ArrivalTicks + (long)((entry.DurationMilliseconds + wait) * TimeSpan.TicksPerMillisecond) : null;

    private static SortedDictionary<string, int> Count(IEnumerable<LedgerEntry> entries, Func<LedgerEntry, string> name) =>
        new(entries.GroupBy(name).ToDictionary(x => x.Key, x => x.Count()), StringComparer.Ordinal);
}
