using Pipeline.Fixtures;
using Pipeline.LlmGateway.Ownership;

namespace Pipeline.LlmGateway.Tests.Ownership;

public sealed class LeaseWatchTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(6);

    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void A_free_domain_may_be_taken_at_once() => Assert.True(new LeaseWatch(Limit, _time).MayTake([Lease(owner: null)]));

    [Fact]
    public void An_owner_whose_beat_goes_on_is_left_alone_for_ever()
    {
        var watch = new LeaseWatch(Limit, _time);
        for (var beat = 0; beat < 20; beat++)
        {
            Assert.False(watch.MayTake([Lease(beat)]));
            _time.Advance(TimeSpan.FromSeconds(5));
        }
    }

    [Fact]
    public void An_owner_whose_beat_stands_still_as_long_as_the_limit_is_taken_for_dead()
    {
        var watch = new LeaseWatch(Limit, _time);
        Assert.False(watch.MayTake([Lease(7)]));
        _time.Advance(Limit - TimeSpan.FromMilliseconds(1));
        Assert.False(watch.MayTake([Lease(7)]));

        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.True(watch.MayTake([Lease(7)]));
    }

    [Fact]
    public void One_living_owner_keeps_the_whole_group()
    {
        var watch = new LeaseWatch(Limit, _time);
        watch.MayTake([Lease(7), Lease(1, "other")]);
        _time.Advance(Limit);

        Assert.False(watch.MayTake([Lease(7), Lease(2, "other")]));
    }

    private static DomainLease Lease(long beat = 0, string name = "default", string? owner = "host/1/x") => new() { Name = name, Epoch = 1, Beat = beat, Owner = owner };
}
