using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Pipeline.LlmGateway.Keys;
using Pipeline.LlmGateway.Tests.Fixtures;

namespace Pipeline.LlmGateway.Tests.Keys;

/// <summary>Keys that change while the gateway works.</summary>
public sealed class KeyRotationTests
{
    [Fact]
    public async Task A_key_in_a_file_is_in_use_within_a_second_of_its_change_and_a_call_in_work_keeps_the_old_one()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "first-key\n", TestContext.Current.CancellationToken);
        var release = new TaskCompletionSource();
        await using var provider = await ScriptedProvider.StartAsync(async call =>
        {
            if (call.Number == 1)
            {
                await release.Task;
            }

            return ProviderReply.OpenAi();
        });
        await using var gateway = await GatewayFixture.StartAsync(
            ("OpenAi:BaseUrl", provider.Url), ("Pools:default:Domain", "org"), ("Domains:org:Keys:mounted:Value", $"file:{file}"));
        await gateway.SendAsync(gateway.Request());
        var inWork = await provider.NextCallAsync();

        await File.WriteAllTextAsync(file, "second-key\n", TestContext.Current.CancellationToken);
        await gateway.Time.AdvanceToTimerAsync(TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(0.5));
        await gateway.Logs.LineAsync("key mounted has another value");
        await gateway.SendAsync(gateway.Request());
        var after = await provider.NextCallAsync();
        release.SetResult();

        Assert.Equal(("Bearer first-key", "Bearer second-key"), (inWork.Headers["Authorization"], after.Headers["Authorization"]));
        await gateway.NextReceivedAsync();
        await gateway.NextReceivedAsync();

        // Gone for a moment, as while it is replaced: the last one stays in use, and is said to.
        File.Delete(file);
        await gateway.Time.AdvanceToTimerAsync(TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(0.5));
        await gateway.Logs.LineAsync("key mounted cannot be read, the one before stays in use");
        await gateway.SendAsync(gateway.Request());
        await gateway.NextReceivedAsync();
    }

    [Fact]
    public async Task Keys_are_added_weighted_and_removed_by_configuration()
    {
        await using var provider = await ScriptedProvider.StartAsync(ProviderReply.OpenAi());
        await using var gateway = await GatewayFixture.StartAsync(
            ("OpenAi:BaseUrl", provider.Url), ("Pools:default:Domain", "org"), ("Domains:org:Keys:a:Value", "key-a"));
        var configuration = (IConfigurationRoot)gateway.Services.GetRequiredService<IConfiguration>();
        var ring = gateway.Services.GetRequiredService<KeyDirectory>().Of("org");

        configuration["Llm:Domains:org:Keys:b:Value"] = "key-b";
        configuration["Llm:Domains:org:Keys:b:Weight"] = "3";
        configuration.Reload();
        await gateway.Logs.LineAsync("key b was added with weight 3");
        Assert.Equal(["a", "b", "b", "b"], Enumerable.Range(0, 4).Select(_ => ring.Choose()!.Alias).Order());

        configuration["Llm:Domains:org:Keys:a:Weight"] = "0";
        configuration["Llm:Domains:org:Keys:b:Weight"] = "1";
        configuration.Reload();
        await gateway.Logs.LineAsync("key b has weight 1 now");
        await gateway.SendAsync(gateway.Request());
        await gateway.NextReceivedAsync();
        Assert.Equal("Bearer key-b", (await provider.NextCallAsync()).Headers["Authorization"]);

        // Nonsense changes nothing.
        configuration["Llm:Domains:org:Keys:b:Weight"] = "much";
        configuration.Reload();
        await gateway.Logs.LineAsync("The settings of keys changed and cannot be read");
        Assert.Equal("b", ring.Choose()!.Alias);
    }

    [Fact]
    public async Task A_refused_key_is_asked_once_and_another_one_answers()
    {
        await using var provider = await ScriptedProvider.StartAsync(call => Task.FromResult(
            call.Headers["Authorization"] == "Bearer key-b" ? ProviderReply.OpenAi() : new ProviderReply(401, """{"error":{"message":"Incorrect API key provided","code":"invalid_api_key"}}""")));
        await using var gateway = await GatewayFixture.StartAsync(
            ("OpenAi:BaseUrl", provider.Url), ("Pools:default:Domain", "org"), ("Domains:org:Keys:a:Value", "key-a"), ("Domains:org:Keys:b:Value", "key-b"));
        for (var i = 0; i < 5; i++)
        {
            await gateway.SendAsync(gateway.Request());
            await gateway.NextReceivedAsync();
        }

        Assert.Equal(6, provider.Calls);
        Assert.Contains(gateway.Logs.Lines, x => x.StartsWith("Error", StringComparison.Ordinal) && x.Contains("Domain org: key a is out of use (Refused)", StringComparison.Ordinal));
    }

    [Fact]
    public async Task When_all_keys_are_out_the_fallback_answers_and_without_one_the_failure_has_its_name()
    {
        await using var broke = await ScriptedProvider.StartAsync(new ProviderReply(429, """{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}"""));
        await using var standIn = await ScriptedProvider.StartAsync(ProviderReply.Anthropic("I stand in"));
        await using var gateway = await GatewayFixture.StartAsync(
            ("Pools:poor:BaseUrl", broke.Url), ("Pools:poor:Domain", "org"), ("Domains:org:Keys:a:Value", "key-a"), ("Pools:poor:Fallback", "second"),
            ("Pools:second:Provider", "anthropic"), ("Pools:second:BaseUrl", standIn.Url), ("Pools:alone:BaseUrl", broke.Url), ("Pools:alone:Domain", "org"));
        for (var i = 0; i < 3; i++)
        {
            await gateway.SendAsync(gateway.Request("poor"));
            Assert.Equal(("I stand in", true), (await gateway.NextReceivedAsync()) is var answer ? (answer.Text, answer.Degraded) : default);
        }

        await gateway.SendAsync(gateway.Request("alone"));
        Assert.Equal("model_credentials_exhausted", (await gateway.NextFailedAsync()).Code);

        // Not one retry: the key was asked once, by whoever came first.
        Assert.Equal(1, broke.Calls);
    }
}
