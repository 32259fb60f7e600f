using Pipeline.LlmGateway.RateLimits;
using Pipeline.ProviderSimulator;
using Pipeline.ProviderSimulator.Limits;
using ChargeModel = Pipeline.LlmGateway.RateLimits.ChargeModel;
using ProviderCharge = Pipeline.ProviderSimulator.Limits.Charge;
using ProviderDimension = Pipeline.ProviderSimulator.Limits.LimitDimension;

namespace Pipeline.LlmGateway.Tests.RateLimits;

/// <summary>
/// Days of a limit domain in seconds: the domain and the provider simulator's own limits on one clock that jumps from event to event.
/// Demand never ends, calls arrive a little late and out of order, answers take their time, and every draw comes from the seed.
/// </summary>
internal sealed class SimulatedProvider
{
    private readonly JumpingClock _clock = new();
    private readonly PriorityQueue<Action, (long At, long Sequence)> _events = new();
    private readonly Random _random;
    private readonly LimitSet _limits;
    private readonly LimitDomain _domain;
    private readonly ChargeModel _charges;
    private readonly Traffic _traffic;
    private readonly bool _anthropic;
    private readonly List<double> _perSecond = [];
    private long _sequence;
    private Call? _next;
    private bool _stopped;
    private TimeSpan _wakes = TimeSpan.MinValue;

    public SimulatedProvider(LimitOptions provider, LimitDomainOptions domain, ChargeModel charges, Traffic traffic, int seed)
    {
        _random = new Random(seed);
        _charges = charges;
        _traffic = traffic;
        _anthropic = charges == ChargeModel.InputThenOutput;
        Clock = new SimulatorClock(_clock);
        _limits = new LimitSet(LimitScope.Organisation, "organisation", "", provider, Clock);
        _domain = new LimitDomain("domain", domain, charges, _clock);
    }

    public SimulatorClock Clock { get; }

    public LimitDomain Domain => _domain;

    public LimitSet Limits => _limits;

    public int Sent { get; private set; }

    public List<double> Refusals { get; } = [];

    /// <summary>What was taken of a dimension, in each second.</summary>
    public ProviderDimension Binding { get; init; } = ProviderDimension.Tokens;

    public TimeSpan Now => _clock.Now;

    /// <summary>What happens at a time of the run.</summary>
    public void At(TimeSpan at, Action what) => _events.Enqueue(what, (at.Ticks, _sequence++));

    public void RunUntil(TimeSpan end)
    {
        Pump();
        while (_events.TryPeek(out _, out var due) && due.At <= end.Ticks)
        {
            var happens = _events.Dequeue();
            _clock.Now = TimeSpan.FromTicks(Math.Max(_clock.Now.Ticks, due.At));
            happens();
            Pump();
        }

        _clock.Now = end;
    }

    /// <summary>Part of the limit that was used from one time to another.</summary>
    public double Utilisation(TimeSpan from, TimeSpan to, double perMinute) =>
        _perSecond.Skip((int)from.TotalSeconds).Take((int)(to - from).TotalSeconds).Sum() / ((to - from).TotalMinutes * perMinute);

    public void Stop() => _stopped = true;

    private void Pump()
    {
        while (!_stopped)
        {
            _next ??= Draw();
            var charge = _domain.ChargeOf(_next.EstimatedPrompt, _next.MaxOutput, _traffic.ExpectedOutput ?? _next.MaxOutput);
            if (_domain.TryReserve(charge, out var wait) is not { } reservation)
            {
                // One timer, as the gateway has: a later one than what is set already says nothing new.
                if (wait != Timeout.InfiniteTimeSpan && (_wakes <= _clock.Now || _clock.Now + wait < _wakes))
                {
                    _wakes = _clock.Now + wait;
                    At(_wakes, static () => { });
                }

                return;
            }

            Sent++;
            var call = _next;
            _next = null;
            At(_clock.Now + TimeSpan.FromMilliseconds(2 + (_random.NextDouble() * _traffic.JitterMs)), () => Arrive(call, reservation));
        }
    }

    private void Arrive(Call call, Reservation reservation)
    {
        var estimate = (int)Math.Max(1, call.Prompt * (1 + _traffic.Bias + (_traffic.Noise * ((2 * _random.NextDouble()) - 1))));
        var charge = _charges switch
        {
            ChargeModel.LargerOfPromptAndMaxTokens => new ProviderCharge(Math.Max(estimate, call.MaxOutput), estimate, call.MaxOutput),
            ChargeModel.PromptPlusMaxTokens => new ProviderCharge(estimate + call.MaxOutput, estimate, call.MaxOutput),
            _ => new ProviderCharge(estimate, estimate, 0),
        };
        var now = Clock.Now;
        if (_limits.Check(charge, now) is { } refusal)
        {
            Refusals.Add(_clock.Now.TotalSeconds);
            var retryAfter = refusal.RetryAfter ?? TimeSpan.FromSeconds(1);
            At(_clock.Now + TimeSpan.FromMilliseconds(20), () => _domain.Throttled(reservation, Headers(), retryAfter));
            return;
        }

        _limits.Admit(charge, now);
        Book(charge);
        var duration = _traffic.Seconds * (0.5 + _random.NextDouble());
        if (_anthropic)
        {
            var correction = call.Prompt - estimate;
            _limits.Take(new ProviderCharge(correction, correction, 0), now);
            Book(new ProviderCharge(correction, correction, 0));
            for (var part = 1; part <= 10; part++)
            {
                var tokens = (call.Output * part / 10) - (call.Output * (part - 1) / 10);
                At(_clock.Now + TimeSpan.FromSeconds(duration * part / 10), () =>
                {
                    _limits.Take(new ProviderCharge(tokens, 0, tokens), Clock.Now);
                    Book(new ProviderCharge(tokens, 0, tokens));
                });
            }
        }

        At(_clock.Now + TimeSpan.FromSeconds(duration), () =>
        {
            _limits.Finish();
            if (Headers() is { } headers)
            {
                _domain.Observe(headers);
            }

            _domain.Settle(reservation, call.Prompt, call.Output);
        });
    }

    private RateLimitHeaders? Headers()
    {
        if (!_traffic.Headers)
        {
            return null;
        }

        var levels = _limits.Levels(Clock.Now);
        return new RateLimitHeaders { Requests = Read(levels.Requests), Tokens = Read(levels.Tokens), InputTokens = Read(levels.InputTokens), OutputTokens = Read(levels.OutputTokens) };
    }

    private HeaderLevel? Read(BucketLevel level) => level.Limit == 0
        ? null
        : _anthropic
            ? new HeaderLevel(level.Limit, (long)Math.Round(level.Remaining / 1000) * 1000, TimeSpan.FromSeconds(Math.Ceiling(level.Reset.TotalSeconds)))
            : new HeaderLevel(_traffic.LimitInHeaders ? level.Limit : null, (long)Math.Floor(level.Remaining), _traffic.LimitInHeaders ? level.Reset : null);

    private void Book(in ProviderCharge charge)
    {
        var second = (int)_clock.Now.TotalSeconds;
        while (_perSecond.Count <= second)
        {
            _perSecond.Add(0);
        }

        _perSecond[second] += Binding switch
        {
            ProviderDimension.Tokens => charge.Tokens,
            ProviderDimension.InputTokens => charge.InputTokens,
            ProviderDimension.OutputTokens => charge.OutputTokens,
            _ => charge.Tokens > 0 && charge.InputTokens > 0 ? 1 : 0,
        };
    }

    private Call Draw()
    {
        var normal = Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
        var prompt = (int)Math.Clamp(_traffic.MedianPrompt * Math.Exp(0.9 * normal), 50, _traffic.LargestPrompt);
        var maxOutput = _traffic.MaxOutput;
        return new Call(prompt, prompt, maxOutput, (int)(maxOutput * (0.1 + (0.5 * _random.NextDouble()))));
    }

    private sealed record Call(int Prompt, int EstimatedPrompt, int MaxOutput, int Output);

    private sealed class JumpingClock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;

        public override DateTimeOffset GetUtcNow() => new DateTimeOffset(2026, 11, 20, 12, 0, 7, TimeSpan.Zero) + Now;
    }
}
