using Pipeline.Fixtures;
using Pipeline.LlmGateway.Pools;
using Pipeline.LlmGateway.Providers;
using Pipeline.LlmGateway.Tests.Fixtures;

namespace Pipeline.LlmGateway.Tests.Pools;

public sealed class EndpointCircuitTests : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly ModelFailure Ill = new(ModelFailureKind.Overloaded, "full") { Status = 503 };
    private static readonly ModelAnswer Well = new() { Usage = new() { InputTokens = 1, OutputTokens = 1 }, ChargedTokens = 2 };

    private readonly ManualTimeProvider _time = new();
    private readonly LogCapture _logs = new();
    private readonly LlmOptions _options = new() { CircuitMinimumCalls = 4 };
    private readonly EndpointCircuit _circuit;

    public EndpointCircuitTests() => _circuit = new EndpointCircuit("p", firstSecond: 5, _options, _time, _logs.CreateLogger("circuit"));

    public void Dispose() => _logs.Dispose();

    [Fact]
    public void It_opens_by_ratio_once_there_are_calls_enough_and_says_until_when()
    {
        Call(Well);
        Call(Ill);
        Call(Well);
        Assert.Equal(0, _circuit.StateNumber);
        Call(Ill);

        Assert.Equal(2, _circuit.StateNumber);
        Assert.True(_circuit.IsOut);
        Assert.Equal(new CircuitAdmission(CircuitAnswer.No, _time.GetUtcNow() + _options.CircuitBreak), _circuit.Ask());
        Assert.Null(_circuit.TryEnter());
    }

    [Fact]
    public void What_is_our_fault_or_the_requests_does_not_count()
    {
        foreach (var kind in new[] { ModelFailureKind.Throttled, ModelFailureKind.SlowDown, ModelFailureKind.Refused, ModelFailureKind.KeyRefused, ModelFailureKind.QuotaExhausted, ModelFailureKind.ContextExceeded })
        {
            for (var i = 0; i < 10; i++)
            {
                Call(new ModelFailure(kind, "x") { Status = 400 });
            }
        }

        Assert.Equal(0, _circuit.StateNumber);
    }

    [Fact]
    public void Failures_of_long_ago_are_forgotten()
    {
        Call(Ill);
        Call(Ill);
        Call(Ill);
        _time.Advance(_options.CircuitWindow);
        Call(Ill);

        Assert.Equal(0, _circuit.StateNumber);
    }

    [Fact]
    public void A_retry_after_that_is_longer_than_the_break_is_obeyed()
    {
        Open(Ill with { RetryAfter = 60 * Second });

        Assert.Equal(_time.GetUtcNow() + (60 * Second), _circuit.Ask().NotUntil);
    }

    [Fact]
    public void After_the_break_there_is_one_probe()
    {
        Open(Ill);
        _time.Advance(_options.CircuitBreak);
        Assert.Equal(CircuitAnswer.Probe, _circuit.Ask().Answer);
        var probe = _circuit.TryEnter();

        Assert.True(probe!.IsProbe);
        Assert.Equal(1, _circuit.StateNumber);
        Assert.Null(_circuit.TryEnter());
        Assert.True(_circuit.IsOut);

        _circuit.Leave(probe, Ill);
        Assert.Equal(2, _circuit.StateNumber);
        Assert.Null(_circuit.TryEnter());
    }

    [Fact]
    public void A_probe_that_was_not_sent_leaves_the_next_call_to_probe()
    {
        Open(Ill);
        _time.Advance(_options.CircuitBreak);
        _circuit.Leave(_circuit.TryEnter()!, null);

        Assert.True(_circuit.TryEnter()!.IsProbe);
    }

    [Fact]
    public void After_a_probe_calls_come_back_second_by_second_and_not_as_a_herd()
    {
        Recover();
        var perSecond = new List<int>();
        for (var second = 0; second < 10; second++)
        {
            var calls = 0;
            while (calls < 1000 && _circuit.TryEnter() is { } pass)
            {
                _circuit.Leave(pass, Well);
                calls++;
            }

            perSecond.Add(calls);
            Assert.Equal(1, _circuit.StateNumber);
            _time.Advance(Second);
        }

        Assert.Equal([5, 10, 15, 20, 25, 30, 35, 40, 45, 50], perSecond);
        Assert.Equal(CircuitAnswer.Yes, _circuit.Ask().Answer);
        Assert.Equal(0, _circuit.StateNumber);
    }

    [Fact]
    public void What_comes_back_from_before_the_outage_says_nothing_of_now()
    {
        var old = _circuit.TryEnter()!;
        Recover();
        _circuit.Leave(old, Ill);
        _circuit.Leave(_circuit.TryEnter()!, Well);
        _circuit.Leave(old, Ill);

        Assert.Equal(1, _circuit.StateNumber);
    }

    [Fact]
    public void Who_comes_back_too_early_stays_away_for_longer_each_time()
    {
        for (var factor = 2; factor <= 16; factor *= 2)
        {
            Recover();
            Call(Ill);
            Assert.Equal(1, _circuit.StateNumber);
            Call(Ill);
            Assert.Equal(2, _circuit.StateNumber);
            Assert.Equal(_time.GetUtcNow() + (_options.CircuitBreak * Math.Min(8, factor)), _circuit.Ask().NotUntil);
        }

        // Whole again after a full ramp.
        Recover();
        _time.Advance(10 * Second);
        Assert.Equal(CircuitAnswer.Yes, _circuit.Ask().Answer);
        Open(Ill);
        Assert.Equal(_time.GetUtcNow() + _options.CircuitBreak, _circuit.Ask().NotUntil);
    }

    private void Open(ModelFailure failure)
    {
        for (var i = 0; i < _options.CircuitMinimumCalls; i++)
        {
            Call(failure);
        }
    }

    private void Recover()
    {
        if (_circuit.StateNumber != 2)
        {
            Open(Ill);
        }

        _time.Advance(_circuit.OpenFor!.Value);
        Call(Well);
    }

    private void Call(ModelOutcome outcome) => _circuit.Leave(_circuit.TryEnter()!, outcome);
}
