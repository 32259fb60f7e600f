using Pipeline.ProviderSimulator.Limits;

namespace Pipeline.ProviderSimulator.Tests.Limits;

public sealed class LimitShapeTests
{
    private readonly ManualTime _time = new();
    private readonly SimulatorClock _clock;

    public LimitShapeTests() => _clock = new SimulatorClock(_time);

    [Fact]
    public void A_continuous_bucket_gives_a_minute_at_once_and_then_its_rate()
    {
        Meter meter = Create(LimitPreset.OpenAi, 600);
        meter.Take(600, _clock.Now);
        Assert.Equal(TimeSpan.FromSeconds(3), meter.WaitFor(30, _clock.Now));
        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(TimeSpan.Zero, meter.WaitFor(30, _clock.Now));
        Assert.NotEqual(TimeSpan.Zero, meter.WaitFor(31, _clock.Now));
    }

    [Fact]
    public void A_sliding_log_frees_each_amount_to_the_tick_one_window_later()
    {
        Meter meter = Create(LimitPreset.Sliding60s, 100);
        meter.Take(40, _clock.Now);
        _time.Advance(TimeSpan.FromSeconds(10));
        meter.Take(60, _clock.Now);
        Assert.Equal(TimeSpan.FromSeconds(50), meter.WaitFor(40, _clock.Now));
        Assert.Equal(TimeSpan.FromSeconds(60), meter.WaitFor(41, _clock.Now));
        _time.Advance(TimeSpan.FromSeconds(50) - TimeSpan.FromTicks(1));
        Assert.Equal(TimeSpan.FromTicks(1), meter.WaitFor(40, _clock.Now));
        _time.Advance(TimeSpan.FromTicks(1));
        Assert.Equal(TimeSpan.Zero, meter.WaitFor(40, _clock.Now));
        Assert.Equal(40, meter.Level(_clock.Now).Remaining);
    }

    [Fact]
    public void What_is_given_back_to_a_sliding_log_is_free_at_once_and_never_twice()
    {
        Meter meter = Create(LimitPreset.Sliding60s, 100);
        meter.Take(100, _clock.Now);
        meter.Take(-30, _clock.Now);
        Assert.Equal(TimeSpan.Zero, meter.WaitFor(30, _clock.Now));
        meter.Take(30, _clock.Now);
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.NotEqual(TimeSpan.Zero, meter.WaitFor(1, _clock.Now));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, meter.Used(_clock.Now));
    }

    [Fact]
    public void A_fixed_minute_starts_again_with_the_clocks_minute()
    {
        _time.Advance(TimeSpan.FromSeconds(45));
        Meter meter = Create(LimitPreset.Azure, 1000);
        meter.Take(1000, _clock.Now);
        Assert.Equal(TimeSpan.FromSeconds(15), meter.WaitFor(1, _clock.Now));
        _time.Advance(TimeSpan.FromSeconds(15));
        Assert.Equal(TimeSpan.Zero, meter.WaitFor(1000, _clock.Now));
    }

    [Theory]
    [InlineData(null, 10, 100)]
    [InlineData(1.0, 1, 10)]
    public void A_quantised_limit_gives_each_short_window_its_share(double? window, int seconds, int share)
    {
        Meter meter = Meter.Create(new LimitOptions { Preset = LimitPreset.Azure, RequestsPerMinute = 600, RequestWindowSeconds = window }, LimitDimension.Requests, _clock)!;
        Assert.Equal(share, meter.Capacity);
        meter.Take(share, _clock.Now);
        Assert.Equal(TimeSpan.FromSeconds(seconds), meter.WaitFor(1, _clock.Now));
        _time.Advance(TimeSpan.FromSeconds(seconds));
        Assert.Equal(TimeSpan.Zero, meter.WaitFor(share, _clock.Now));
    }

    [Fact]
    public void Each_dimension_can_have_a_shape_of_its_own()
    {
        var options = new LimitOptions { RequestShape = LimitShape.Quantised, TokenShape = LimitShape.Sliding, OutputTokenShape = LimitShape.FixedMinute };
        Assert.Equal(LimitShape.Quantised, options.ShapeOf(LimitDimension.Requests));
        Assert.Equal(LimitShape.Sliding, options.ShapeOf(LimitDimension.Tokens));
        Assert.Equal(LimitShape.Sliding, options.ShapeOf(LimitDimension.InputTokens));
        Assert.Equal(LimitShape.FixedMinute, options.ShapeOf(LimitDimension.OutputTokens));
    }

    private Meter Create(LimitPreset preset, int tokens) => Meter.Create(new LimitOptions { Preset = preset, TokensPerMinute = tokens }, LimitDimension.Tokens, _clock)!;
}
