using Pipeline.LlmGateway.RateLimits;
using Pipeline.LlmGateway.Tests.Fixtures;

namespace Pipeline.LlmGateway.Tests.RateLimits;

public sealed class AdmissionGateTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task Requests_are_paced_at_the_providers_rate_without_an_edge()
    {
        // 120 a minute are 2 a second: a burst of 2, then one every half second, over any minute's edge.
        using var gate = Gate(requestsPerMinute: 120);
        var start = _time.GetUtcNow();
        var admitted = new List<double>();
        for (var i = 0; i < 200; i++)
        {
            var entering = Enter(gate, 0);
            if (!entering.IsCompleted)
            {
                await _time.AdvanceToTimerAsync(TimeSpan.FromMilliseconds(1), TimeSpan.FromMilliseconds(500));
            }

            (await entering.Patiently())!.Dispose();
            admitted.Add((_time.GetUtcNow() - start).TotalSeconds);
        }

        Assert.Equal([0, 0, 0.5, 1, 1.5], admitted.Take(5).Select(x => Math.Round(x, 3)));
        Assert.Equal(99, admitted[^1], 0.1);
        for (var i = 0; i + 3 < admitted.Count; i++)
        {
            Assert.True(admitted[i + 3] - admitted[i] >= 0.5, "More than the burst within half a second");
        }
    }

    [Fact]
    public async Task A_request_above_the_burst_goes_in_and_leaves_a_debt()
    {
        // 6 000 tokens a minute are 100 a second, which is also the burst.
        using var gate = Gate(tokensPerMinute: 6000);
        (await Enter(gate, 1000).Patiently())!.Dispose();

        var next = Enter(gate, 50);

        Assert.Equal(TimeSpan.FromSeconds(9.5), await _time.TimerDueAsync(TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(10)));
        _time.Advance(TimeSpan.FromSeconds(9.5));
        Assert.NotNull(await next.Patiently());
    }

    [Fact]
    public async Task What_an_estimate_took_too_much_lets_the_next_one_in_at_once()
    {
        using var gate = Gate(tokensPerMinute: 6000);
        var first = await Enter(gate, 1000).Patiently();
        var next = Enter(gate, 50);
        await _time.TimerDueAsync(TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(10));

        first!.Settle(20);
        first.Dispose();

        Assert.NotNull(await next.Patiently());
    }

    [Fact]
    public async Task What_an_estimate_took_too_little_is_paid_by_the_next_one()
    {
        using var gate = Gate(tokensPerMinute: 6000);
        var first = await Enter(gate, 100).Patiently();
        first!.Settle(300);
        first.Dispose();

        _ = Enter(gate, 100);

        Assert.Equal(TimeSpan.FromSeconds(3), await _time.TimerDueAsync(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(4)));
    }

    [Fact]
    public async Task A_call_that_was_not_made_costs_nothing()
    {
        using var gate = Gate(requestsPerMinute: 60, tokensPerMinute: 6000);
        for (var i = 0; i < 10; i++)
        {
            var lease = await Enter(gate, 1000).Patiently();
            lease!.NotSent();
            lease.Dispose();
        }

        Assert.True(Enter(gate, 1000).IsCompletedSuccessfully);
    }

    [Fact]
    public async Task First_come_first_served_whatever_the_size()
    {
        using var gate = Gate(tokensPerMinute: 6000);
        (await Enter(gate, 200).Patiently())!.Dispose();
        var large = Enter(gate, 5000);
        var small = Enter(gate, 1);

        await _time.AdvanceToTimerAsync(Second, TimeSpan.FromSeconds(3));

        Assert.NotNull(await large.Patiently());
        Assert.False(small.IsCompleted);
    }

    [Fact]
    public async Task After_a_pause_one_probe_goes_first_and_the_others_follow_when_it_was_answered()
    {
        using var gate = Gate(concurrency: 5);
        gate.PauseFor(TimeSpan.FromSeconds(7));
        var entering = Enumerable.Range(0, 3).Select(_ => Enter(gate, 1)).ToList();
        await _time.TimerDueAsync(TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(7));
        Assert.DoesNotContain(entering, x => x.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(7));
        var probe = await (await Task.WhenAny(entering).Patiently());
        Assert.True(probe!.IsProbe);
        Assert.Equal(2, entering.Count(x => !x.IsCompleted));

        probe.Settle(1);
        probe.Dispose();
        Assert.All(await Task.WhenAll(entering).Patiently(), Assert.NotNull);
    }

    [Fact]
    public async Task A_probe_that_fails_is_followed_by_another_probe()
    {
        using var gate = Gate(concurrency: 5);
        gate.PauseFor(Second);
        _time.Advance(Second);
        var first = await Enter(gate, 1).Patiently();
        first!.Dispose();

        var second = await Enter(gate, 1).Patiently();

        Assert.True(second!.IsProbe);
    }

    [Fact]
    public async Task A_pause_beyond_the_deadline_is_not_waited_for()
    {
        using var gate = Gate();
        gate.PauseFor(TimeSpan.FromHours(2));

        Assert.Null(await Enter(gate, 1).Patiently());
        Assert.Null(await Enter(gate, 1).Patiently());
    }

    [Fact]
    public async Task A_waiter_that_gives_up_leaves_no_trace()
    {
        using var gate = Gate(concurrency: 1);
        var holder = await Enter(gate, 1).Patiently();
        using var patience = new CancellationTokenSource();
        var leaving = gate.EnterAsync(1, DateTimeOffset.MaxValue, patience.Token);
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaving.Patiently());
        holder!.Dispose();

        Assert.NotNull(await Enter(gate, 1).Patiently());
    }

    private AdmissionGate Gate(int concurrency = 1000, int requestsPerMinute = 0, int tokensPerMinute = 0) =>
        new(concurrency, requestsPerMinute, tokensPerMinute, Second, _time);

    private Task<AdmissionLease?> Enter(AdmissionGate gate, long tokens) =>
        gate.EnterAsync(tokens, _time.GetUtcNow() + TimeSpan.FromHours(1), TestContext.Current.CancellationToken);
}
