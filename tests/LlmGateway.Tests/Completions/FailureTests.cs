using Pipeline.Contracts;
using Pipeline.LlmGateway.Tests.Fixtures;

namespace Pipeline.LlmGateway.Tests.Completions;

/// <summary>What becomes of a request when the provider does not simply answer.</summary>
public sealed class FailureTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Retry_after_is_obeyed_and_the_request_then_answered()
    {
        await using var provider = await ScriptedProvider.StartAsync(ProviderReply.RateLimited("7"), ProviderReply.OpenAi());
        await using var gateway = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", provider.Url));
        await gateway.SendAsync(gateway.Request());
        await provider.NextCallAsync();

        // Never earlier than asked; at most a little later.
        await gateway.Time.AdvanceToTimerAsync(7 * Second, 7.2 * Second);

        Assert.Equal("Hello", (await gateway.NextReceivedAsync()).Text);
        Assert.Equal(2, provider.Calls);
    }

    [Fact]
    public async Task A_pause_holds_the_whole_pool()
    {
        await using var provider = await ScriptedProvider.StartAsync(ProviderReply.RateLimited("7"), ProviderReply.OpenAi());
        await using var gateway = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", provider.Url));
        await gateway.SendAsync(gateway.Request());
        await provider.NextCallAsync();
        await gateway.Time.TimerDueAsync(7 * Second, 7.2 * Second);
        await gateway.SendAsync(gateway.Request());

        await gateway.Time.AdvanceToTimerAsync(7 * Second, 7.2 * Second);

        await gateway.NextReceivedAsync();
        await gateway.NextReceivedAsync();
        Assert.Equal(3, provider.Calls);
    }

    [Fact]
    public async Task A_pause_beyond_the_deadline_is_answered_at_once()
    {
        await using var provider = await ScriptedProvider.StartAsync(ProviderReply.RateLimited("3600"));
        await using var gateway = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", provider.Url));
        await gateway.SendAsync(gateway.Request(within: TimeSpan.FromMinutes(5)));

        Assert.Equal(FailureCode.ModelUnavailable, (await gateway.NextFailedAsync()).Code);
        Assert.Equal(1, provider.Calls);
    }

    [Theory]
    [InlineData(429, """{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}""", FailureCode.ModelCredentialsExhausted)]
    [InlineData(401, """{"error":{"message":"Incorrect API key","code":"invalid_api_key"}}""", FailureCode.ModelCredentialsExhausted)]
    [InlineData(400, """{"error":{"message":"Invalid schema for function 'f'","type":"invalid_request_error"}}""", FailureCode.ModelRequestRefused)]
    [InlineData(400, """{"error":{"message":"…","code":"context_length_exceeded"}}""", FailureCode.ModelRequestTooLarge)]
    [InlineData(413, "", FailureCode.ModelRequestTooLarge)]
    [InlineData(429, """{"error":{"message":"Request too large for gpt-4o … Limit 30000, Requested 36278.","code":"rate_limit_exceeded"}}""", FailureCode.ModelRequestTooLarge)]
    [InlineData(200, "<html>Welcome to the guest network</html>", FailureCode.ModelAnswerInvalid)]
    [InlineData(200, """{"choices":[]}""", FailureCode.ModelAnswerInvalid)]
    [InlineData(200, """{"choices":[{"message":{"content":"\ud800"}}],"usage":{"prompt_tokens":1,"completion_tokens":1}}""", FailureCode.ModelAnswerInvalid)]
    public async Task What_cannot_pass_is_sent_once(int status, string body, string code)
    {
        await using var provider = await ScriptedProvider.StartAsync(new ProviderReply(status, body));
        await using var gateway = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", provider.Url));
        await gateway.SendAsync(gateway.Request());

        Assert.Equal(code, (await gateway.NextFailedAsync()).Code);
        Assert.Equal(1, provider.Calls);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(529)]
    public async Task What_may_pass_is_tried_again_with_growing_waits(int status)
    {
        await using var provider = await ScriptedProvider.StartAsync(ProviderReply.Broken(status), ProviderReply.Broken(status), ProviderReply.OpenAi());
        await using var gateway = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", provider.Url));
        await gateway.SendAsync(gateway.Request());

        await gateway.Time.AdvanceToTimerAsync(0.25 * Second, 0.5 * Second);
        await gateway.Time.AdvanceToTimerAsync(0.5 * Second, Second);

        Assert.Equal("Hello", (await gateway.NextReceivedAsync()).Text);
        Assert.Equal(3, provider.Calls);
    }

    [Fact]
    public async Task Attempts_are_bounded()
    {
        await using var provider = await ScriptedProvider.StartAsync(ProviderReply.Broken());
        await using var gateway = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", provider.Url), ("Attempts", "2"));
        await gateway.SendAsync(gateway.Request());
        await gateway.Time.AdvanceToTimerAsync(0.25 * Second, 0.5 * Second);

        var failure = await gateway.NextFailedAsync();

        Assert.Equal(FailureCode.ModelUnavailable, failure.Code);
        Assert.Contains("500", failure.Reason);
        Assert.Equal(2, provider.Calls);
    }

    [Fact]
    public async Task A_provider_that_hangs_is_given_up_after_the_pools_timeout()
    {
        var never = new TaskCompletionSource<ProviderReply>();
        await using var provider = await ScriptedProvider.StartAsync(call => call.Number == 1 ? never.Task : Task.FromResult(ProviderReply.OpenAi()));
        await using var gateway = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", provider.Url), ("Pools:default:Timeout", "00:00:20"));
        await gateway.SendAsync(gateway.Request());
        await provider.NextCallAsync();
        await gateway.Time.AdvanceToTimerAsync(20 * Second, 20 * Second);
        await gateway.Time.AdvanceToTimerAsync(0.25 * Second, 0.5 * Second);

        Assert.Equal("Hello", (await gateway.NextReceivedAsync()).Text);
    }

    [Fact]
    public async Task An_endpoint_that_is_not_there_is_model_unavailable()
    {
        string url;
        await using (var provider = await ScriptedProvider.StartAsync())
        {
            url = provider.Url;
        }

        await using var gateway = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", url), ("Attempts", "1"));
        await gateway.SendAsync(gateway.Request());

        Assert.Equal(FailureCode.ModelUnavailable, (await gateway.NextFailedAsync()).Code);
    }

    [Fact]
    public async Task An_answer_above_the_limit_is_not_read_to_its_end()
    {
        await using var provider = await ScriptedProvider.StartAsync(ProviderReply.OpenAi(new string('x', 5000)));
        await using var gateway = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", provider.Url), ("LargestAnswerBytes", "4096"));
        await gateway.SendAsync(gateway.Request());

        var failure = await gateway.NextFailedAsync();

        Assert.Equal(FailureCode.ModelAnswerInvalid, failure.Code);
        Assert.Contains("4096", failure.Reason);
    }

    [Fact]
    public async Task A_request_above_the_minutes_limit_is_never_sent()
    {
        await using var provider = await ScriptedProvider.StartAsync(ProviderReply.OpenAi());
        await using var gateway = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", provider.Url), ("Pools:default:TokensPerMinute", "1000"));
        await gateway.SendAsync(gateway.Request() with { SystemPrompt = new string('x', 10_000) });

        Assert.Equal(FailureCode.ModelRequestTooLarge, (await gateway.NextFailedAsync()).Code);
        Assert.Equal(0, provider.Calls);
    }

    [Fact]
    public async Task A_fallback_pool_answers_degraded_and_at_once_when_the_circuit_is_open()
    {
        await using var broken = await ScriptedProvider.StartAsync(ProviderReply.Broken());
        await using var standIn = await ScriptedProvider.StartAsync(ProviderReply.Anthropic("I stand in"));
        await using var gateway = await GatewayFixture.StartAsync(
            ("Pools:fast:BaseUrl", broken.Url), ("Pools:fast:Fallback", "second"), ("AttemptsBeforeFallback", "1"), ("CircuitMinimumCalls", "2"),
            ("Pools:second:Provider", "anthropic"), ("Pools:second:Model", "claude-haiku-4-5"), ("Pools:second:BaseUrl", standIn.Url));
        for (var i = 0; i < 4; i++)
        {
            await gateway.SendAsync(gateway.Request("fast"));
            var answer = await gateway.NextReceivedAsync();
            Assert.Equal(("I stand in", "anthropic", true), (answer.Text, answer.Provider, answer.Degraded));
        }

        // Two failures opened it; the other two requests did not touch the endpoint.
        Assert.Equal(2, broken.Calls);
        Assert.Equal(4, standIn.Calls);
        Assert.Contains(gateway.Logs.Lines, x => x.Contains("Pool fast: circuit opened", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_circuit_closes_after_a_probe_that_succeeds()
    {
        await using var recovering = await ScriptedProvider.StartAsync(ProviderReply.Broken(), ProviderReply.Broken(), ProviderReply.OpenAi());
        await using var standIn = await ScriptedProvider.StartAsync(ProviderReply.Anthropic());
        await using var gateway = await GatewayFixture.StartAsync(
            ("Pools:fast:BaseUrl", recovering.Url), ("Pools:fast:Fallback", "second"), ("AttemptsBeforeFallback", "1"), ("CircuitMinimumCalls", "2"),
            ("Pools:second:Provider", "anthropic"), ("Pools:second:Model", "claude-haiku-4-5"), ("Pools:second:BaseUrl", standIn.Url));
        for (var i = 0; i < 3; i++)
        {
            await gateway.SendAsync(gateway.Request("fast"));
            Assert.True((await gateway.NextReceivedAsync()).Degraded);
        }

        gateway.Time.Advance(10 * Second);
        await gateway.SendAsync(gateway.Request("fast"));

        Assert.False((await gateway.NextReceivedAsync()).Degraded);
        Assert.Contains(gateway.Logs.Lines, x => x.Contains("Pool fast: circuit closed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_fallback_an_open_circuit_is_waited_out()
    {
        await using var recovering = await ScriptedProvider.StartAsync(ProviderReply.Broken(), ProviderReply.Broken(), ProviderReply.OpenAi());
        await using var gateway = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", recovering.Url), ("CircuitMinimumCalls", "2"));
        await gateway.SendAsync(gateway.Request());
        await gateway.Time.AdvanceToTimerAsync(0.25 * Second, 0.5 * Second);
        await gateway.Time.AdvanceToTimerAsync(0.5 * Second, Second);
        await gateway.Time.AdvanceToTimerAsync(9 * Second, 10 * Second);

        Assert.Equal("Hello", (await gateway.NextReceivedAsync()).Text);
    }

    [Fact]
    public async Task A_request_that_the_provider_refuses_does_not_reach_the_fallback()
    {
        await using var refusing = await ScriptedProvider.StartAsync(new ProviderReply(400, """{"error":{"message":"Invalid schema"}}"""));
        await using var standIn = await ScriptedProvider.StartAsync(ProviderReply.OpenAi());
        await using var gateway = await GatewayFixture.StartAsync(
            ("Pools:fast:BaseUrl", refusing.Url), ("Pools:fast:Fallback", "second"), ("Pools:second:BaseUrl", standIn.Url));
        await gateway.SendAsync(gateway.Request("fast"));

        Assert.Equal(FailureCode.ModelRequestRefused, (await gateway.NextFailedAsync()).Code);
        Assert.Equal(0, standIn.Calls);
    }
}
