using MassTransit;
using Pipeline.Contracts;
using Pipeline.Contracts.Completions;
using Pipeline.LlmGateway.Completions;
using Pipeline.LlmGateway.Tests.Fixtures;

namespace Pipeline.LlmGateway.Tests.Completions;

/// <summary>From a request on the queue to the answer on the invocations' queue.</summary>
public sealed class CompletionTests
{
    [Fact]
    public async Task An_answer_of_OpenAi_reaches_the_invocation()
    {
        await using var provider = await ScriptedProvider.StartAsync(ProviderReply.OpenAi(cached: 8));
        await using var gateway = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", provider.Url));
        var request = gateway.Request();
        await gateway.SendAsync(request);

        var answer = await gateway.NextReceivedAsync();

        Assert.Equal((request.InvocationId, 1, "Hello", "stop"), (answer.InvocationId, answer.Turn, answer.Text, answer.FinishReason));
        Assert.Equal(new TokenUsage { InputTokens = 12, OutputTokens = 3, CachedInputTokens = 8 }, answer.Usage);
        Assert.Equal(("openai", "gpt-4.1-mini-2025-04-14", false), (answer.Provider, answer.Model, answer.Degraded));
        var call = await provider.NextCallAsync();
        Assert.Equal("/v1/chat/completions", call.Path);
        Assert.Equal($"Bearer {GatewayFixture.CanaryKey}", call.Headers["Authorization"]);
        Assert.Equal(request.InvocationId.ToString(), call.Headers["X-Invocation-Id"]);
        Assert.Equal($"{request.InvocationId}-1", call.Headers["Idempotency-Key"]);
        Assert.Equal("application/json", call.Headers["Content-Type"]);
    }

    [Fact]
    public async Task An_answer_of_Anthropic_reaches_the_invocation()
    {
        await using var provider = await ScriptedProvider.StartAsync(ProviderReply.Anthropic());
        await using var gateway = await GatewayFixture.StartAsync(
            ("Pools:smart:Provider", "anthropic"), ("Pools:smart:Model", "claude-sonnet-4-5"), ("Pools:smart:BaseUrl", provider.Url));
        await gateway.SendAsync(gateway.Request("smart"));

        var answer = await gateway.NextReceivedAsync();

        Assert.Equal(("Hello", "anthropic", "claude-sonnet-4-5"), (answer.Text, answer.Provider, answer.Model));
        Assert.Equal(330, answer.Usage.InputTokens);
        var call = await provider.NextCallAsync();
        Assert.Equal("/v1/messages", call.Path);
        Assert.Equal(GatewayFixture.CanaryKey, call.Headers["x-api-key"]);
        Assert.Equal("2023-06-01", call.Headers["anthropic-version"]);
    }

    [Fact]
    public async Task A_requester_gets_the_answer_itself()
    {
        await using var provider = await ScriptedProvider.StartAsync(ProviderReply.OpenAi());
        await using var gateway = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", provider.Url));
        var client = gateway.Bus.CreateRequestClient<RequestCompletion>(new Uri("exchange:llm.default"));

        var response = await client.GetResponse<CompletionReceived, CompletionFailed>(gateway.Request(), TestContext.Current.CancellationToken).Patiently();

        Assert.True(response.Is(out Response<CompletionReceived>? received));
        Assert.Equal("Hello", received.Message.Text);
    }

    [Fact]
    public async Task A_redelivered_request_is_answered_from_the_store_under_the_same_message_id()
    {
        await using var provider = await ScriptedProvider.StartAsync(ProviderReply.OpenAi());
        await using var gateway = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", provider.Url));
        var request = gateway.Request();
        await gateway.SendAsync(request);
        var first = await gateway.NextAsync<CompletionReceived>();
        await gateway.SendAsync(request);
        var second = await gateway.NextAsync<CompletionReceived>();
        Assert.Equivalent(first.Message, second.Message, strict: true);
        Assert.Equal(1, provider.Calls);

        await gateway.SendAsync(request with { Turn = 2 });
        Guid?[] ids = [first.MessageId, second.MessageId, (await gateway.NextAsync<CompletionReceived>()).MessageId];

        Assert.Equal(2, ids.Distinct().Count());
        Assert.Contains(AnswerMessageId.Of(request.InvocationId, 1, nameof(CompletionReceived)), ids.Select(x => x!.Value));
        Assert.NotEqual(
            AnswerMessageId.Of(request.InvocationId, 1, nameof(CompletionReceived)), AnswerMessageId.Of(request.InvocationId, 1, nameof(CompletionFailed)));
    }

    [Fact]
    public async Task Expired_work_is_answered_without_a_call()
    {
        await using var provider = await ScriptedProvider.StartAsync(ProviderReply.OpenAi());
        await using var gateway = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", provider.Url));
        await gateway.SendAsync(gateway.Request(within: TimeSpan.FromSeconds(-1)));

        var failure = await gateway.NextFailedAsync();

        Assert.Equal(FailureCode.DeadlineExceeded, failure.Code);
        Assert.Equal(0, provider.Calls);
    }

    [Fact]
    public async Task A_deadline_that_passes_while_the_provider_thinks_ends_the_call()
    {
        var never = new TaskCompletionSource<ProviderReply>();
        await using var provider = await ScriptedProvider.StartAsync(_ => never.Task);
        await using var gateway = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", provider.Url));
        await gateway.SendAsync(gateway.Request(within: TimeSpan.FromSeconds(30)));
        await provider.NextCallAsync();

        gateway.Time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal(FailureCode.DeadlineExceeded, (await gateway.NextFailedAsync()).Code);
        Assert.Equal(1, provider.Calls);
    }

    [Fact]
    public async Task A_request_for_a_pool_that_is_not_configured_is_refused_by_name()
    {
        await using var gateway = await GatewayFixture.StartAsync();
        await gateway.SendAsync(gateway.Request("unheard-of"), queue: "default");

        var failure = await gateway.NextFailedAsync();

        Assert.Equal(FailureCode.ModelPoolUnknown, failure.Code);
        Assert.Contains("'unheard-of'", failure.Reason);
    }

    [Fact]
    public async Task Forty_at_once_against_twenty_never_exceed_twenty_and_are_all_answered()
    {
        var release = new SemaphoreSlim(0);
        int inFlight = 0, most = 0;
        var twenty = new TaskCompletionSource();
        await using var provider = await ScriptedProvider.StartAsync(async _ =>
        {
            var now = Interlocked.Increment(ref inFlight);
            InterlockedMax(ref most, now);
            if (now == 20)
            {
                twenty.TrySetResult();
            }

            await release.WaitAsync(TestContext.Current.CancellationToken);
            Interlocked.Decrement(ref inFlight);
            return ProviderReply.OpenAi();
        });
        await using var gateway = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", provider.Url), ("Pools:default:LookAhead", "20"));
        for (var i = 0; i < 40; i++)
        {
            await gateway.SendAsync(gateway.Request());
        }

        await twenty.Task.Patiently();
        for (var i = 0; i < 40; i++)
        {
            release.Release();
            await gateway.NextReceivedAsync();
        }

        Assert.Equal(20, most);
        Assert.Equal(40, provider.Calls);
    }

    [Fact]
    public async Task An_answer_that_the_broker_does_not_confirm_is_sent_again_under_the_same_id()
    {
        await using var provider = await ScriptedProvider.StartAsync(ProviderReply.OpenAi());
        var sent = new List<Guid?>();
        await using var gateway = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", provider.Url));
        using var hanging = gateway.Bus.ConnectSendObserver(new HangingSend(sent, hangs: 2));
        var delivery = new DeliveryEnd("llm.default");
        using var watching = gateway.Bus.ConnectReceiveObserver(delivery);
        var request = gateway.Request();
        await gateway.SendAsync(request);

        await gateway.Time.AdvanceToTimerAsync(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10));
        await gateway.Time.AdvanceToTimerAsync(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10));
        var answer = await gateway.NextAsync<CompletionReceived>();

        Assert.Equal(3, sent.Count);
        Assert.Equal(answer.MessageId, Assert.Single(sent.Distinct()));
        Assert.Equal(1, provider.Calls);

        // The two that hang still do: they must not hold the delivery.
        Assert.Null(await delivery.Ended.Patiently());
    }

    [Fact]
    public async Task An_answer_that_is_not_confirmed_stays_stored_and_is_sent_by_the_sweep()
    {
        await using var provider = await ScriptedProvider.StartAsync(ProviderReply.OpenAi());
        await using var gateway = await GatewayFixture.StartAsync(
            ("OpenAi:BaseUrl", provider.Url), ("AnswerAttempts", "2"), ("AnswerTimeout", "00:00:03"), ("AnswerSweep", "00:01:00"));
        var sent = new List<Guid?>();
        using var hanging = gateway.Bus.ConnectSendObserver(new HangingSend(sent, hangs: 2));
        var delivery = new DeliveryEnd("llm.default");
        using var watching = gateway.Bus.ConnectReceiveObserver(delivery);
        await gateway.SendAsync(gateway.Request());

        await gateway.Time.AdvanceToTimerAsync(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3));
        await gateway.Time.AdvanceToTimerAsync(TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(3));
        await gateway.Logs.LineAsync("the answer is stored and waits for the broker");
        await gateway.Time.AdvanceToTimerAsync(TimeSpan.FromSeconds(50), TimeSpan.FromSeconds(60));
        var answer = await gateway.NextAsync<CompletionReceived>();

        Assert.Equal(3, sent.Count);
        Assert.Equal(answer.MessageId, Assert.Single(sent.Distinct()));
        Assert.Equal(1, provider.Calls);

        // The request was in the store: its delivery did not wait for any of this.
        Assert.Null(await delivery.Ended.Patiently());
    }

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while (value > (seen = Volatile.Read(ref most)) && Interlocked.CompareExchange(ref most, value, seen) != seen)
        {
        }
    }

    private sealed class HangingSend(List<Guid?> sent, int hangs) : ISendObserver
    {
        public Task PreSend<T>(SendContext<T> context)
            where T : class
        {
            if (typeof(T) != typeof(CompletionReceived))
            {
                return Task.CompletedTask;
            }

            lock (sent)
            {
                sent.Add(context.MessageId);
                return sent.Count <= hangs ? new TaskCompletionSource().Task : Task.CompletedTask;
            }
        }

        public Task PostSend<T>(SendContext<T> context)
            where T : class => Task.CompletedTask;

        public Task SendFault<T>(SendContext<T> context, Exception exception)
            where T : class => Task.CompletedTask;
    }
}
