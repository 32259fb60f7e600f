using Pipeline.Fixtures;
using Pipeline.LlmGateway.Keys;
using Pipeline.LlmGateway.Providers;
using Pipeline.LlmGateway.Tests.Fixtures;

namespace Pipeline.LlmGateway.Tests.Keys;

public sealed class KeyRingTests : IDisposable
{
    private static readonly TimeSpan Recheck = TimeSpan.FromMinutes(10);
    private static readonly ModelFailure Refused = new(ModelFailureKind.KeyRefused, "no such key") { Status = 401 };
    private static readonly ModelFailure NoMoney = new(ModelFailureKind.QuotaExhausted, "no money") { Status = 429 };
    private static readonly ModelFailure Throttled = new(ModelFailureKind.Throttled, "too fast") { Status = 429 };
    private static readonly ModelFailure Down = new(ModelFailureKind.Unavailable, "broken") { Status = 500 };
    private static readonly ModelFailure Malformed = new(ModelFailureKind.Refused, "bad schema") { Status = 400 };

    private readonly ManualTimeProvider _time = new();
    private readonly LogCapture _logs = new();
    private readonly KeyRing _ring;

    public KeyRingTests() => _ring = new KeyRing("acme", Recheck, _time, _logs.CreateLogger("keys"));

    public void Dispose() => _logs.Dispose();

    [Fact]
    public void Keys_take_turns_by_weight_and_evenly_spread()
    {
        Apply(("a", "va", 5), ("b", "vb", 1), ("c", "vc", 1));

        // The order of smooth weighted round robin, repeated.
        Assert.Equal("aabacaa" + "aabacaa", string.Concat(Enumerable.Range(0, 14).Select(_ => _ring.Choose()!.Alias)));
    }

    [Fact]
    public void A_weight_of_zero_takes_a_key_out_of_use()
    {
        Apply(("a", "va", 1), ("b", "vb", 0));

        Assert.All(Enumerable.Range(0, 5), _ => Assert.Equal("a", _ring.Choose()!.Alias));
    }

    [Theory]
    [InlineData(true, KeyState.Refused)]
    [InlineData(false, KeyState.QuotaExhausted)]
    public void A_key_that_is_refused_or_without_money_is_out_until_one_call_has_looked_again(bool refused, object state)
    {
        var failure = refused ? Refused : NoMoney;
        Apply(("a", "va", 1), ("b", "vb", 1));
        var bad = Choose("a");
        _ring.Report(bad, failure);

        Assert.All(Enumerable.Range(0, 4), _ => Assert.Equal("b", _ring.Choose()!.Alias));
        var shown = _ring.Snapshot()[0];
        Assert.Equal(("a", (KeyState)state, failure.Reason), (shown.Alias, shown.State, shown.Reason));

        // One call looks; the others do without it until that one is back.
        _time.Advance(Recheck);
        var chosen = Enumerable.Range(0, 4).Select(_ => _ring.Choose()!.Alias).ToList();
        Assert.Single(chosen, "a");
        _ring.Report(bad, failure);
        Assert.All(Enumerable.Range(0, 4), _ => Assert.Equal("b", _ring.Choose()!.Alias));

        _time.Advance(Recheck);
        Choose("a");
        _ring.Report(bad, Answer());
        Assert.Contains(Enumerable.Range(0, 2).Select(_ => _ring.Choose()!.Alias), x => x == "a");
        Assert.Equal(KeyState.Ready, _ring.Snapshot()[0].State);

        // The operator hears of it each time it goes out, not for each call.
        Assert.Equal(2, _logs.Lines.Count(x => x.Contains("key a is out of use", StringComparison.Ordinal)));
    }

    [Fact]
    public void Neither_a_rate_limit_nor_an_ill_provider_nor_a_bad_request_takes_a_key_out()
    {
        Apply(("a", "va", 1));
        foreach (var outcome in new ModelOutcome[] { Throttled, Down, Malformed, Answer() })
        {
            _ring.Report(_ring.Choose()!, outcome);
            Assert.Equal(KeyState.Ready, _ring.Snapshot()[0].State);
        }
    }

    [Fact]
    public void A_look_that_told_nothing_is_repeated_by_the_next_call()
    {
        Apply(("a", "va", 1));
        var key = Choose("a");
        _ring.Report(key, Refused);
        _time.Advance(Recheck);
        Choose("a");
        _ring.Report(key, Down);
        Assert.NotNull(_ring.Choose());
        _ring.GiveBack(key);
        Assert.NotNull(_ring.Choose());
        Assert.Null(_ring.Choose());
    }

    [Fact]
    public void Without_a_usable_key_there_is_none()
    {
        Apply(("a", "va", 1), ("b", "vb", 1));
        _ring.Report(Choose("a"), Refused);
        _ring.Report(Choose("b"), NoMoney);

        Assert.False(_ring.HasUsable);
        Assert.Null(_ring.Choose());
    }

    [Fact]
    public void A_changed_value_is_a_new_key_and_late_news_of_the_old_one_says_nothing_of_it()
    {
        Apply(("a", "old", 1));
        var inWork = Choose("a");
        Apply(("a", "new", 1));

        _ring.Report(inWork, Refused);

        Assert.Equal("new", _ring.Choose()!.Reveal());
        Assert.Equal("old", inWork.Reveal());
    }

    [Fact]
    public void A_refused_key_is_usable_at_once_when_its_value_is_changed_and_not_when_only_others_change()
    {
        Apply(("a", "old", 1));
        _ring.Report(Choose("a"), Refused);
        Apply(("a", "old", 3), ("b", "vb", 1));
        Assert.Equal("b", _ring.Choose()!.Alias);

        Apply(("a", "new", 3));

        Assert.Equal("a", _ring.Choose()!.Alias);
        Assert.Contains(_logs.Lines, x => x.Contains("key b was removed", StringComparison.Ordinal));
    }

    [Fact]
    public void A_key_that_cannot_be_read_for_the_moment_stays()
    {
        Apply(("a", "va", 1));

        _ring.Apply([], new HashSet<string> { "a" });

        Assert.Equal("va", _ring.Choose()!.Reveal());
    }

    [Fact]
    public void Neither_text_nor_properties_of_a_key_have_its_value()
    {
        var key = new ApiKey("a", GatewayFixture.CanaryKey);

        Assert.DoesNotContain(GatewayFixture.CanaryKey, $"{key} {System.Text.Json.JsonSerializer.Serialize(key)} {new ApiKeyOptions { Value = GatewayFixture.CanaryKey }}");
    }

    private static ModelAnswer Answer() => new() { Usage = new() { InputTokens = 1, OutputTokens = 1 }, ChargedTokens = 2 };

    private ApiKey Choose(string alias)
    {
        ApiKey key;
        do
        {
            key = _ring.Choose()!;
        }
        while (key.Alias != alias);
        return key;
    }

    private void Apply(params (string, string, int)[] keys) => _ring.Apply(keys, new HashSet<string>());
}
