using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.LlmGateway.Accounting;
using Pipeline.LlmGateway.Completions;
using Pipeline.LlmGateway.Persistence;
using Pipeline.LlmGateway.Tests.Fixtures;

namespace Pipeline.LlmGateway.Tests.Ownership;

/// <summary>What a second process finds on the database of the first.</summary>
public sealed class TakeoverTests
{
    [Fact]
    public async Task A_fenced_owner_answers_nothing_and_the_new_one_asks_again()
    {
        var first = new TaskCompletionSource<ProviderReply>();
        await using var provider = await ScriptedProvider.StartAsync(call => call.Number == 1 ? first.Task : Task.FromResult(ProviderReply.OpenAi("Again")));
        await using var old = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", provider.Url));
        var request = old.Request();
        await old.SendAsync(request);
        await provider.NextCallAsync();

        await using var gateway = await GatewayFixture.StartAsync(old, ("OpenAi:BaseUrl", provider.Url));
        Assert.Equal("Again", (await gateway.NextReceivedAsync()).Text);
        first.SetResult(ProviderReply.OpenAi("Too late"));
        await old.Logs.LineAsync("another process has taken it");

        Assert.Equal(2, provider.Calls);
        var calls = await CallsAsync(gateway);
        Assert.Equal([ModelCall.Unknown, ModelCall.Answered], calls.Select(x => x.Outcome));
        Assert.True(calls[0].ArrivalTokens > 0, "A call whose end nobody knows stays charged.");
        Assert.DoesNotContain(old.Logs.Lines, x => x.Contains("the gateway itself failed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_waits_when_a_process_stops_is_answered_by_the_next()
    {
        var never = new TaskCompletionSource<ProviderReply>();
        var stopped = false;
        await using var provider = await ScriptedProvider.StartAsync(_ => stopped ? Task.FromResult(ProviderReply.OpenAi()) : never.Task);
        (string, string)[] settings = [("OpenAi:BaseUrl", provider.Url), ("Pools:default:Concurrency", "1"), ("StopPatience", "00:00:00")];
        await using var old = await GatewayFixture.StartAsync(settings);
        for (var i = 0; i < 3; i++)
        {
            await old.SendAsync(old.Request());
        }

        await provider.NextCallAsync();
        await WaitingAsync(old, CompletionState.Held, 2);
        stopped = true;
        await old.StopAsync();

        await using var gateway = await GatewayFixture.StartAsync(old, settings);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal("Hello", (await gateway.NextReceivedAsync()).Text);
        }

        Assert.Equal(4, provider.Calls);
        await WaitingAsync(gateway, CompletionState.Answered, 3);
    }

    [Fact]
    public async Task An_answer_that_was_stored_and_not_sent_is_sent_by_the_next_process()
    {
        await using var provider = await ScriptedProvider.StartAsync(ProviderReply.OpenAi());
        await using var old = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", provider.Url));
        await old.SendAsync(old.Request());
        await old.NextReceivedAsync();
        await WaitingAsync(old, CompletionState.Answered, 1);
        await old.StopAsync();
        await using (var scope = old.Services.CreateAsyncScope())
        {
            await scope.ServiceProvider.GetRequiredService<LlmGatewayDbContext>().Completions.ExecuteUpdateAsync(
                set => set.SetProperty(x => x.State, CompletionState.Completed), TestContext.Current.CancellationToken);
        }

        await using var gateway = await GatewayFixture.StartAsync(old, ("OpenAi:BaseUrl", provider.Url));

        Assert.Equal("Hello", (await gateway.NextReceivedAsync()).Text);
        Assert.Equal(1, provider.Calls);
    }

    [Fact]
    public async Task What_is_old_is_deleted_and_what_waits_is_not()
    {
        await using var provider = await ScriptedProvider.StartAsync(ProviderReply.OpenAi());
        await using var gateway = await GatewayFixture.StartAsync(("OpenAi:BaseUrl", provider.Url));
        await gateway.SendAsync(gateway.Request());
        await gateway.NextReceivedAsync();
        await WaitingAsync(gateway, CompletionState.Answered, 1);
        var retention = gateway.Services.GetRequiredService<Retention>();
        await retention.DeleteOldAsync(TestContext.Current.CancellationToken);
        Assert.Equal((1, 1), await CountAsync(gateway));

        // The service's own rounds go on beside: what is left counts, not who deleted it.
        gateway.Time.Advance(TimeSpan.FromHours(25));
        await retention.DeleteOldAsync(TestContext.Current.CancellationToken);
        Assert.Equal((0, 1), await CountAsync(gateway));

        gateway.Time.Advance(TimeSpan.FromDays(30));
        await retention.DeleteOldAsync(TestContext.Current.CancellationToken);
        Assert.Equal((0, 0), await CountAsync(gateway));
    }

    private static async Task<(int Completions, int Calls)> CountAsync(GatewayFixture gateway)
    {
        await using var scope = gateway.Services.CreateAsyncScope();
        var store = scope.ServiceProvider.GetRequiredService<LlmGatewayDbContext>();
        return (await store.Completions.CountAsync(TestContext.Current.CancellationToken), await store.Calls.CountAsync(TestContext.Current.CancellationToken));
    }

    private static async Task<List<ModelCall>> CallsAsync(GatewayFixture gateway)
    {
        await using var scope = gateway.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<LlmGatewayDbContext>().Calls.OrderBy(x => x.Attempt).ToListAsync(TestContext.Current.CancellationToken);
    }

    private static async Task WaitingAsync(GatewayFixture gateway, CompletionState state, int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        while (true)
        {
            await using var scope = gateway.Services.CreateAsyncScope();
            if (await scope.ServiceProvider.GetRequiredService<LlmGatewayDbContext>().Completions.CountAsync(x => x.State == state, TestContext.Current.CancellationToken) == count)
            {
                return;
            }

            await timer.WaitForNextTickAsync(limit.Token);
        }
    }
}
