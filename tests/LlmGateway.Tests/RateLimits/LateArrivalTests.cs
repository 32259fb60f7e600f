using Pipeline.Fixtures;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Tests.RateLimits;

/// <summary>A call is charged when it arrives: later than it was sent, and perhaps together with others. The provider's bucket gains nothing while it is full.</summary>
public sealed class LateArrivalTests
{
    private const int PerSecond = 20;

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(10);

    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Calls_that_all_arrive_late_are_no_more_than_a_full_bucket_holds()
    {
        var domain = Rested();
        var sent = 0;
        for (var passed = TimeSpan.Zero; passed < TimeSpan.FromMilliseconds(700); passed += Step)
        {
            while (domain.TryReserve(OneCall, out _) is not null)
            {
                sent++;
            }

            _time.Advance(Step);
        }

        Assert.Equal(PerSecond, sent);
    }

    [Theory]
    [InlineData(50)]
    [InlineData(500)]
    [InlineData(5000)]
    public void However_long_calls_take_the_whole_rate_is_used(int milliseconds)
    {
        var domain = Rested();
        var (sent, inWork) = (0, new Queue<(TimeSpan EndsAt, Reservation Call)>());
        var length = TimeSpan.FromMinutes(1);
        for (var passed = TimeSpan.Zero; passed < length; passed += Step)
        {
            while (inWork.TryPeek(out var oldest) && oldest.EndsAt <= passed)
            {
                domain.Settle(inWork.Dequeue().Call, 0, 0);
            }

            while (domain.TryReserve(OneCall, out _) is { } call)
            {
                sent++;
                inWork.Enqueue((passed + TimeSpan.FromMilliseconds(milliseconds), call));
            }

            _time.Advance(Step);
        }

        Assert.InRange(sent, PerSecond * length.TotalSeconds * 0.99, PerSecond * (length.TotalSeconds + 1));
    }

    private static Charge OneCall => default;

    private LimitDomain Rested()
    {
        var options = new LimitDomainOptions { RequestsPerMinute = PerSecond * 60, Concurrency = 1000, Burst = TimeSpan.FromSeconds(1), Shape = LimitShape.Continuous };
        var domain = new LimitDomain("endpoint", options, ChargeModel.LargerOfPromptAndMaxTokens, _time);
        domain.Snapshot();
        _time.Advance(TimeSpan.FromSeconds(5));
        return domain;
    }
}
