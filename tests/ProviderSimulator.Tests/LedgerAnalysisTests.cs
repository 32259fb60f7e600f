using Pipeline.ProviderSimulator.Limits;

namespace Pipeline.ProviderSimulator.Tests;

/// <summary>The computation that the gateway is judged by, against hand-made ledgers.</summary>
public sealed class LedgerAnalysisTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 20, 12, 0, 45, TimeSpan.Zero);
    private static readonly TimeSpan Tick = TimeSpan.FromTicks(1);

    [Fact]
    public void The_worst_window_is_found_wherever_it_begins()
    {
        LedgerEntry[] calls = [Call(5, 40), Call(50, 60), Call(64.9, 40), Call(65, 1), Call(200, 90)];
        LimitReport report = Report(calls, Limit(LimitShape.Sliding, 100), 0, 300);
        // (4.9 s … 64.9 s] holds 40 + 60 + 40; at 65 s the first has left.
        Assert.Equal(140, report.WorstWindowCharged);
        Assert.Equal(1.4, report.WorstWindow, 9);
        Assert.Equal(1.4, report.PeakFill, 9);
        Assert.Equal(Start.AddSeconds(64.9), report.WorstWindowEnd);
        Assert.Equal(231, report.Charged);
        Assert.Equal(231 / 500.0, report.Utilisation, 9);
    }

    [Fact]
    public void A_charge_leaves_the_window_exactly_one_window_later()
    {
        Assert.Equal(1, Report([Call(0, 100), Call(60, 100)], Limit(LimitShape.Sliding, 100), 0, 120).WorstWindow, 9);
        LedgerEntry early = Call(60, 100, by: -Tick);
        Assert.Equal(2, Report([Call(0, 100), early], Limit(LimitShape.Sliding, 100), 0, 120).WorstWindow, 9);
    }

    [Fact]
    public void A_window_that_began_before_the_span_counts_whole()
    {
        LimitReport report = Report([Call(50, 80), Call(70, 40)], Limit(LimitShape.Sliding, 100), 60, 120);
        Assert.Equal(1.2, report.WorstWindow, 9);
        Assert.Equal(40, report.Charged);
    }

    [Fact]
    public void A_full_bucket_may_give_twice_the_minute_and_is_not_over_its_limit()
    {
        LedgerEntry[] calls = [Call(0, 60), .. Enumerable.Range(1, 59).Select(x => Call(x, 1))];
        LimitReport report = Report(calls, Limit(LimitShape.Continuous, 60), 0, 60);
        Assert.Equal(119 / 60.0, report.WorstWindow, 9);
        Assert.Equal(1, report.PeakFill, 9);
        Assert.True(Report([.. calls, Call(59.5, 1)], Limit(LimitShape.Continuous, 60), 0, 60).PeakFill > 1);
    }

    [Fact]
    public void A_fixed_minute_is_judged_by_the_clocks_minutes()
    {
        // The clock's minute ends 15 s after the start.
        LimitReport report = Report([Call(14, 100), Call(15, 100)], Limit(LimitShape.FixedMinute, 100), 0, 60);
        Assert.Equal(1, report.PeakFill, 9);
        Assert.Equal(2, report.WorstWindow, 9);
        Assert.Equal(2, Report([Call(13, 100), Call(14, 100)], Limit(LimitShape.FixedMinute, 100), 0, 60).PeakFill, 9);
    }

    [Fact]
    public void A_changed_limit_is_judged_by_what_it_was_at_the_time()
    {
        LimitPeriod before = Limit(LimitShape.Sliding, 100) with { ToTicks = Ticks(60) };
        LimitPeriod after = Limit(LimitShape.Sliding, 50) with { FromTicks = Ticks(60) };
        LedgerReport report = LedgerAnalysis.Compute([Call(10, 100), Call(70, 50), Call(100, 25)], [before, after], Start, 0, Ticks(120));
        Assert.Equal([1.0, 1.5], report.Limits.Select(x => x.WorstWindow));
        Assert.Equal([1.0, 1.5], report.Limits.Select(x => x.Utilisation));
    }

    [Fact]
    public void Only_the_calls_of_its_scope_and_class_count_for_a_limit()
    {
        LedgerEntry[] calls = [Call(1, 10), Call(2, 20) with { ModelClass = "big" }, Call(3, 40) with { Project = "p" }, Call(4, 80) with { Organisation = "other" }];
        Assert.Equal(50, Report(calls, Limit(LimitShape.Sliding, 100), 0, 60).Charged);
        Assert.Equal(40, Report(calls, Limit(LimitShape.Sliding, 100) with { Scope = LimitScope.Project, Name = "p" }, 0, 60).Charged);
        Assert.Equal(20, Report(calls, Limit(LimitShape.Sliding, 100) with { ModelClass = "big" }, 0, 60).Charged);
    }

    [Fact]
    public void Foreign_calls_load_the_limit_and_are_no_calls_of_ours()
    {
        LedgerReport report = LedgerAnalysis.Compute([Call(1, 10), Call(2, 30) with { Foreign = true, Status = 429 }], [Limit(LimitShape.Sliding, 100)], Start, 0, Ticks(60));
        Assert.Equal((1, 1), (report.Arrivals, report.ForeignArrivals));
        Assert.Empty(report.TooManyRequests);
        Assert.Equal((40, 30), (report.Limits[0].Charged, report.Limits[0].ForeignCharged));
    }

    [Fact]
    public void Refusals_are_counted_by_cause_and_repeats_by_key()
    {
        LedgerEntry[] calls =
        [
            Call(1, 10) with { IdempotencyKey = "a", InputTokens = 5 }, Call(2, 10) with { IdempotencyKey = "a", InputTokens = 5 }, Call(3, 10) with { IdempotencyKey = "b" },
            Call(4, 0) with { Status = 429, RefusedBy = "Organisation Tokens", Verdict = Verdict.TokenLimited, IdempotencyKey = "b", Admitted = false },
            Call(5, 0) with { Status = 429, Verdict = Verdict.QuotaExhausted },
        ];
        LedgerReport report = LedgerAnalysis.Compute(calls, [], Start, 0, Ticks(60));
        Assert.Equal(new Dictionary<string, int> { ["Organisation Tokens"] = 1, ["QuotaExhausted"] = 1 }, report.TooManyRequests.ToDictionary());
        Assert.Equal((2, 1), (report.RepeatedKeys, report.RepeatedlyBilledKeys));
        Assert.Equal(new RepeatReport("a", 2, 2, 2), report.Repeats[0]);
        Assert.Equal(new RepeatReport("b", 2, 1, 0), report.Repeats[1]);
        Assert.Equal(10, report.BilledInputTokens);
    }

    [Fact]
    public void A_recovery_shows_who_came_too_early_and_how_they_came_back()
    {
        LedgerEntry[] calls = [Refused(10, 5000), Refused(11, 6000), Call(12, 1), Call(17.5, 1), Call(17.6, 1), Call(19, 1)];
        RecoveryReport recovery = Assert.Single(LedgerAnalysis.Compute(calls, [], Start, 0, Ticks(60)).Recoveries);
        Assert.Equal(Start.AddSeconds(17), recovery.NotBefore);
        Assert.Equal((2, 2), (recovery.Early, recovery.FirstSecond));
        Assert.Equal([500, 100, 1400], recovery.Gaps);
    }

    [Theory]
    [InlineData(LimitPreset.OpenAi)]
    [InlineData(LimitPreset.Anthropic)]
    [InlineData(LimitPreset.Azure)]
    [InlineData(LimitPreset.Sliding60s)]
    public void What_the_limits_admit_is_never_over_them_in_the_report_and_uses_them_up(LimitPreset preset)
    {
        var time = new ManualTime();
        var clock = new SimulatorClock(time);
        var options = new LimitOptions { Preset = preset, RequestsPerMinute = 600, TokensPerMinute = 60_000 };
        var set = new LimitSet(LimitScope.Organisation, "org", "", options, clock);
        var limits = new LedgerLimits();
        limits.Set("org", set, clock.Now);
        var draws = new SeededDraws(7, preset.ToString());
        List<LedgerEntry> calls = [];
        while (clock.Now < Ticks(600))
        {
            // Twice as much as is permitted, at random times.
            time.Advance(TimeSpan.FromSeconds(-Math.Log(1 - draws.Next()) / 20));
            var charge = new Charge(1 + (int)(draws.Next() * 200), 0, 0);
            if (set.Check(charge, clock.Now) is null)
            {
                set.Admit(charge, clock.Now);
                set.Finish();
                calls.Add(Call(0, 0) with { ArrivalTicks = clock.Now, Charges = [new LedgerCharge(clock.Now, charge)] });
            }
        }

        LedgerReport report = LedgerAnalysis.Compute(calls, limits.All(), clock.Start, Ticks(60), Ticks(600));
        Assert.Equal(2, report.Limits.Count);
        Assert.All(report.Limits, x => Assert.InRange(x.PeakFill, 0.9, 1 + 1e-9));
        Assert.True(report.Limits.Max(x => x.Utilisation) > 0.95);
        if (preset == LimitPreset.Sliding60s)
        {
            Assert.All(report.Limits, x => Assert.InRange(x.WorstWindow, 0.9, 1));
        }
    }

    private static LimitReport Report(LedgerEntry[] calls, LimitPeriod limit, double from, double to) =>
        Assert.Single(LedgerAnalysis.Compute(calls, [limit], Start, Ticks(from), Ticks(to)).Limits);

    private static LimitPeriod Limit(LimitShape shape, int perMinute) => new()
    {
        Organisation = "org",
        Scope = LimitScope.Organisation,
        Name = "org",
        ModelClass = "",
        Dimension = LimitDimension.Tokens,
        Shape = shape,
        PerMinute = perMinute,
        PeriodSeconds = 60,
        Capacity = perMinute,
        FromTicks = 0,
    };

    private static LedgerEntry Call(double second, int tokens, TimeSpan by = default) => new()
    {
        Sequence = 1,
        At = Start.AddSeconds(second),
        ArrivalTicks = Ticks(second) + by.Ticks,
        Protocol = "openai",
        Organisation = "org",
        ModelClass = "",
        Admitted = true,
        Status = 200,
        Charges = tokens == 0 ? [] : [new LedgerCharge(Ticks(second) + by.Ticks, new Charge(tokens, 0, 0))],
    };

    private static LedgerEntry Refused(double second, double wait) => Call(second, 0) with { Status = 429, Admitted = false, RetryAfterMilliseconds = wait };

    private static long Ticks(double seconds) => (long)Math.Round(seconds * TimeSpan.TicksPerSecond);
}
