using Pipeline.Orchestrator.Admission;
using Pipeline.Orchestrator.Agents;

namespace Pipeline.Orchestrator.Tests.Admission;

public sealed class AgentPacingTests
{
    private static readonly DateTime Now = new(2026, 11, 20, 12, 0, 0, DateTimeKind.Utc);
    private static readonly AdmissionLimits Limits = new(Cap: 100, HighWater: 80, LowWater: 60, MaxWait: TimeSpan.FromSeconds(480));

    [Fact]
    public void Newcomers_are_taken_up_to_the_high_water_mark_and_again_only_below_the_low_one()
    {
        var pacing = Pacing();
        pacing.Observe(Reading(open: 79));

        Assert.True(pacing.TryAdmitNewcomer());
        Assert.False(pacing.TryAdmitNewcomer());
        Assert.True(pacing.IsClosed);

        Assert.False(pacing.Observe(Reading(open: 60)));
        Assert.False(pacing.TryAdmitNewcomer());

        Assert.True(pacing.Observe(Reading(open: 59)));
        Assert.True(pacing.TryAdmitNewcomer());
    }

    [Fact]
    public void What_ends_here_opens_the_agent_before_the_next_reading()
    {
        var pacing = Pacing();
        pacing.Observe(Reading(open: 80));

        for (var ended = 0; ended < 20; ended++)
        {
            Assert.False(pacing.TryAdmitNewcomer());
            pacing.Ended();
        }

        pacing.Ended();
        Assert.True(pacing.TryAdmitNewcomer());
    }

    [Fact]
    public void Two_processes_share_what_is_free()
    {
        var pacing = Pacing();
        pacing.Observe(Reading(open: 60) with { Replicas = 2 });

        Assert.Equal(10, Enumerable.Range(0, 30).Count(_ => pacing.TryAdmitParked()));
    }

    [Fact]
    public void What_is_parked_is_taken_whenever_there_is_room_below_the_high_water_mark()
    {
        var pacing = Pacing();
        pacing.Observe(Reading(open: 80));
        pacing.Observe(Reading(open: 79));

        Assert.False(pacing.TryAdmitNewcomer());
        Assert.True(pacing.TryAdmitParked());
        Assert.False(pacing.TryAdmitParked());
    }

    [Fact]
    public void A_slot_that_was_not_there_ends_the_guessing_until_the_next_reading()
    {
        var pacing = Pacing();
        pacing.Observe(Reading(open: 10));
        pacing.WasFull();

        Assert.False(pacing.TryAdmitParked());
        Assert.False(pacing.TryAdmitNewcomer());
        pacing.Observe(Reading(open: 10));
        Assert.True(pacing.TryAdmitNewcomer());
    }

    [Fact]
    public void Places_follow_each_other_at_the_promised_share_of_the_drain_rate()
    {
        var pacing = Pacing(promisedShare: 0.5);
        pacing.Observe(Reading(open: 80) with { EndedPerSecond = 4 });

        var places = Enumerable.Range(0, 10).Select(_ => pacing.Promise(Now)).ToList();

        Assert.All(places, x => Assert.True(x.IsKept));
        // Two in a second; the middle of each step, as the test's chance is a half.
        Assert.Equal(Enumerable.Range(0, 10).Select(x => 0.25 + (0.5 * x)), places.Select(x => (x.NotBefore - Now).TotalSeconds), (a, b) => Math.Abs(a - b) < 0.001);
    }

    [Fact]
    public void Places_of_other_processes_are_not_given_twice()
    {
        var pacing = Pacing(promisedShare: 1);
        pacing.Observe(Reading(open: 80) with { EndedPerSecond = 1, PromisedUntil = Now.AddSeconds(30), Promises = 30, Replicas = 2 });

        var places = new[] { pacing.Promise(Now), pacing.Promise(Now) };

        Assert.Equal([31, 33], places.Select(x => (x.NotBefore - Now).TotalSeconds), (a, b) => Math.Abs(a - b) < 0.001);
    }

    [Fact]
    public void Beyond_the_longest_retry_after_no_place_is_kept()
    {
        var pacing = Pacing(promisedShare: 1);
        pacing.Observe(Reading(open: 80) with { EndedPerSecond = 1, PromisedUntil = Now.AddSeconds(599), Promises = 599 });

        Assert.True(pacing.Promise(Now).IsKept);
        var (notBefore, isKept) = pacing.Promise(Now);
        Assert.False(isKept);
        Assert.InRange((notBefore - Now).TotalSeconds, 540, 600);
    }

    [Fact]
    public void Beyond_the_most_places_no_place_is_kept()
    {
        var pacing = Pacing(maxPromises: 2);
        pacing.Observe(Reading(open: 80) with { EndedPerSecond = 100 });

        Assert.Equal([true, true, false], Enumerable.Range(0, 3).Select(_ => pacing.Promise(Now).IsKept));
    }

    [Fact]
    public void A_rate_that_cannot_be_measured_is_the_last_one_and_before_that_the_cap_in_a_minute()
    {
        var pacing = Pacing();

        Assert.Equal(100 / 60.0, pacing.DrainPerSecond, 3);
        pacing.Observe(Reading(open: 80) with { EndedPerSecond = 7 });
        pacing.Observe(Reading(open: 80));
        Assert.Equal(7, pacing.DrainPerSecond);
    }

    [Fact]
    public void A_model_that_is_saturated_closes_the_agent_and_keeps_what_is_parked_waiting()
    {
        var pacing = Pacing();
        pacing.Observe(Reading(open: 3) with { PoolWait = TimeSpan.FromSeconds(481) });

        Assert.False(pacing.TryAdmitNewcomer());
        Assert.False(pacing.TryAdmitParked());
        Assert.True(pacing.IsClosed);

        pacing.Observe(Reading(open: 3) with { PoolWait = TimeSpan.FromSeconds(300) });
        Assert.True(pacing.TryAdmitNewcomer());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_smallest_agents_take_something_too(int cap)
    {
        var limits = AdmissionLimits.Of(new AgentDefinition { Name = "a", Version = 1, SystemPrompt = "x", Admission = new() { MaxOpen = cap } }, new AdmissionOptions());
        var pacing = new AgentPacing(limits, new AdmissionOptions(), () => 0.5);

        Assert.InRange(limits.LowWater, 1, limits.HighWater);
        Assert.InRange(limits.HighWater, 1, cap);
        Assert.True(pacing.TryAdmitNewcomer());
        pacing.Observe(Reading(open: cap));
        Assert.False(pacing.TryAdmitNewcomer());
        pacing.Observe(Reading(open: 0));
        Assert.True(pacing.TryAdmitNewcomer());
    }

    private static AgentPacing Pacing(double promisedShare = 0.95, int maxPromises = 1000) =>
        new(Limits, new AdmissionOptions { PromisedShare = promisedShare, MaxPromises = maxPromises }, () => 0.5);

    private static AgentReading Reading(int open) => new(open, null, TimeSpan.Zero, null, 0, 1);
}
