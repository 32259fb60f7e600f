using Pipeline.LlmGateway.Providers;
using Pipeline.LlmGateway.Tests.Fixtures;

namespace Pipeline.LlmGateway.Tests.Providers;

/// <summary>
/// The providers' documented errors, as the simulator sends them over HTTP, and what follows from each for request, key, limits and endpoint.
/// Our endpoint asks once and never by itself again, whatever comes back.
/// </summary>
public sealed class SimulatedErrorTests
{
    [Theory]
    [InlineData("openai", "TokensPerMinute", "150")]
    [InlineData("azure", "TokensPerMinute", "230")]
    [InlineData("anthropic", "InputTokensPerMinute", "120")]
    [InlineData("openai", "RequestsPerMinute", "1")]
    [InlineData("anthropic", "RequestsPerMinute", "1")]
    [InlineData("azure", "RequestsPerMinute", "1")]
    public async Task Our_own_limit_holds_the_request_and_says_how_long_and_what_is_left(string provider, string limit, string value)
    {
        await using var endpoint = await SimulatedEndpoint.StartAsync(provider, ($"Limits:{limit}", value));
        var first = await endpoint.CallAsync();
        Assert.IsType<ModelAnswer>(first);
        Assert.NotNull(first.Headers);

        var failure = await endpoint.FailAsync();

        AssertEffect(failure, "Throttled", RequestEffect.Hold, KeyEffect.Accepted, LimitEffect.Throttled, EndpointEffect.Healthy);
        Assert.Equal(429, failure.Status);
        Assert.InRange(failure.RetryAfter!.Value.TotalSeconds, 0.001, 60);
        var level = limit == "RequestsPerMinute" ? failure.Headers!.Requests : provider == "anthropic" ? failure.Headers!.InputTokens : failure.Headers!.Tokens;
        Assert.NotNull(level!.Value.Remaining);
        Assert.Equal(provider == "azure" ? null : long.Parse(value, System.Globalization.CultureInfo.InvariantCulture), level.Value.Limit);
    }

    [Fact]
    public async Task Without_headers_and_retry_after_a_refusal_is_still_one()
    {
        await using var endpoint = await SimulatedEndpoint.StartAsync(
            "openai", ("Limits:TokensPerMinute", "150"), ("SendRateLimitHeaders", "false"), ("SendRetryAfter", "false"));
        await endpoint.CallAsync();

        var failure = await endpoint.FailAsync();

        Assert.Equal((ModelFailureKind.Throttled, null), (failure.Kind, failure.RetryAfter));

        // The text says it all the same.
        Assert.Equal(150, failure.Headers!.Tokens!.Value.Limit);
    }

    [Fact]
    public async Task A_request_that_never_fits_is_not_repeated_there()
    {
        await using var endpoint = await SimulatedEndpoint.StartAsync("openai", ("Limits:TokensPerMinute", "50"));

        AssertEffect(await endpoint.FailAsync(), "TooLarge", RequestEffect.AnotherPool, KeyEffect.Accepted, LimitEffect.Refused, EndpointEffect.Healthy);
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("azure")]
    public async Task Too_fast_a_growth_slows_down_and_leaves_the_limits_alone(string provider)
    {
        await using var endpoint = await SimulatedEndpoint.StartAsync(provider);
        await endpoint.BreakAsync(new { kind = "status", status = 429, code = "slow_down", retryAfterSeconds = 3 });

        var failure = await endpoint.FailAsync();

        AssertEffect(failure, "SlowDown", RequestEffect.Hold, KeyEffect.Accepted, LimitEffect.SlowDown, EndpointEffect.Healthy);
        Assert.Equal(3, failure.RetryAfter!.Value.TotalSeconds);
    }

    [Theory]
    [InlineData("openai", 503)]
    [InlineData("azure", 503)]
    [InlineData("anthropic", 529)]
    public async Task No_capacity_fails_over_and_says_nothing_of_limits_or_key(string provider, int status)
    {
        await using var endpoint = await SimulatedEndpoint.StartAsync(provider);
        await endpoint.BreakAsync(new { kind = "status", status });

        AssertEffect(await endpoint.FailAsync(), "Overloaded", RequestEffect.Retry, KeyEffect.Unknown, LimitEffect.Unknown, EndpointEffect.Ill);
    }

    [Theory]
    [InlineData("openai", "insufficient_quota")]
    [InlineData("openai", "credit_balance_exhausted")]
    [InlineData("openai", "organization_spend_limit_exceeded")]
    [InlineData("openai", "project_spend_limit_exceeded")]
    [InlineData("openai", "organization_usage_limit_exceeded")]
    [InlineData("openai", "billing_hard_limit_reached")]
    [InlineData("azure", "insufficient_quota")]
    [InlineData("anthropic", "enforced_spend_limit_reached")]
    [InlineData("anthropic", "billing_error")]
    [InlineData("anthropic", "invalid_request_error")]
    public async Task Without_money_the_key_is_put_aside(string provider, string code)
    {
        await using var endpoint = await SimulatedEndpoint.StartAsync(provider, ("Limits:QuotaExhausted", "true"), ("Limits:BillingCode", code));

        AssertEffect(await endpoint.FailAsync(), "QuotaExhausted", RequestEffect.AnotherKey, KeyEffect.QuotaExhausted, LimitEffect.Refused, EndpointEffect.Healthy);
        Assert.Equal(1, await endpoint.LedgerEntriesAsync());
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("azure")]
    [InlineData("anthropic")]
    public async Task A_key_that_nobody_knows_is_put_aside_and_quoted_nowhere(string provider)
    {
        await using var endpoint = await SimulatedEndpoint.StartAsync(provider, ($"Keys:{SimulatedEndpoint.KeyValue}", "org"));
        Assert.IsType<ModelAnswer>(await endpoint.CallAsync());
        endpoint.Key = new("wrong", GatewayFixture.CanaryKey);

        var failure = await endpoint.FailAsync();

        AssertEffect(failure, "KeyRefused", RequestEffect.AnotherKey, KeyEffect.Refused, LimitEffect.Refused, EndpointEffect.Healthy);
        Assert.DoesNotContain(GatewayFixture.CanaryKey, failure.ToString());
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("azure")]
    [InlineData("anthropic")]
    public async Task Longer_than_the_context_goes_where_it_is_larger(string provider)
    {
        await using var endpoint = await SimulatedEndpoint.StartAsync(provider, ("ContextTokens", "200"));

        AssertEffect(
            await endpoint.FailAsync(prompt: new string('x', 1000)), "ContextExceeded", RequestEffect.LargerContext, KeyEffect.Accepted, LimitEffect.Refused, EndpointEffect.Healthy);
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("azure")]
    [InlineData("anthropic")]
    public async Task A_body_that_is_too_large_is_not_sent_again(string provider)
    {
        await using var endpoint = await SimulatedEndpoint.StartAsync(provider, ("MaxRequestBytes", "2000"));

        AssertEffect(
            await endpoint.FailAsync(prompt: new string('x', 4000)), "TooLarge", RequestEffect.AnotherPool, KeyEffect.Accepted, LimitEffect.Refused, EndpointEffect.Healthy);
    }

    [Theory]
    [InlineData("openai", 408)]
    [InlineData("openai", 409)]
    [InlineData("openai", 500)]
    [InlineData("openai", 502)]
    [InlineData("azure", 500)]
    [InlineData("azure", 504)]
    [InlineData("anthropic", 409)]
    [InlineData("anthropic", 500)]
    [InlineData("anthropic", 504)]
    public async Task What_may_pass_is_tried_again_and_counted_as_charged(string provider, int status)
    {
        await using var endpoint = await SimulatedEndpoint.StartAsync(provider);
        await endpoint.BreakAsync(new { kind = "status", status });

        AssertEffect(await endpoint.FailAsync(), "Unavailable", RequestEffect.Retry, KeyEffect.Unknown, LimitEffect.Unknown, EndpointEffect.Ill);
    }

    [Theory]
    [InlineData("openai", "reset")]
    [InlineData("openai", "abort")]
    [InlineData("openai", "truncate")]
    [InlineData("azure", "abort")]
    [InlineData("anthropic", "reset")]
    [InlineData("anthropic", "abort")]
    [InlineData("anthropic", "truncate")]
    public async Task A_connection_that_breaks_may_have_been_billed(string provider, string kind)
    {
        await using var endpoint = await SimulatedEndpoint.StartAsync(provider);
        await endpoint.BreakAsync(new { kind });

        AssertEffect(await endpoint.FailAsync(), "Unavailable", RequestEffect.Retry, KeyEffect.Unknown, LimitEffect.Unknown, EndpointEffect.Ill);
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("azure")]
    [InlineData("anthropic")]
    public async Task An_answer_that_is_none_was_paid_for_and_is_not_asked_for_again(string provider)
    {
        await using var endpoint = await SimulatedEndpoint.StartAsync(provider);
        await endpoint.BreakAsync(new { kind = "garbage" });

        AssertEffect(await endpoint.FailAsync(), "AnswerInvalid", RequestEffect.Fail, KeyEffect.Accepted, LimitEffect.Billed, EndpointEffect.Healthy);
    }

    [Theory]
    [InlineData("openai")]
    [InlineData("anthropic")]
    public async Task Who_does_not_answer_in_time_is_ill(string provider)
    {
        await using var endpoint = await SimulatedEndpoint.StartAsync(provider);
        await endpoint.BreakAsync(new { kind = "hang" });
        var call = endpoint.FailAsync();
        await endpoint.Time.AdvanceToTimerAsync(TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30));

        AssertEffect(await call.Patiently(), "Unavailable", RequestEffect.Retry, KeyEffect.Unknown, LimitEffect.Unknown, EndpointEffect.Ill);
    }

    [Fact]
    public async Task Where_nobody_listens_nothing_was_sent()
    {
        var endpoint = await SimulatedEndpoint.StartAsync("openai");
        await using (endpoint)
        {
            await endpoint.StopAsync();

            AssertEffect(await endpoint.FailAsync(), "Unreachable", RequestEffect.Retry, KeyEffect.Unknown, LimitEffect.NotSent, EndpointEffect.Ill);
        }
    }

    [Fact]
    public void Every_kind_of_failure_has_its_row()
    {
        foreach (var kind in Enum.GetValues<ModelFailureKind>().Except([ModelFailureKind.None]))
        {
            Assert.NotNull(FailureTable.Of(kind));
        }
    }

    private static void AssertEffect(ModelFailure failure, string kind, object request, object key, object limits, object endpoint)
    {
        Assert.True(kind == failure.Kind.ToString(), $"Expected {kind}, was {failure}");
        Assert.Equal(new FailureEffect((RequestEffect)request, (KeyEffect)key, (LimitEffect)limits, (EndpointEffect)endpoint), FailureTable.Of(failure.Kind));
    }
}
