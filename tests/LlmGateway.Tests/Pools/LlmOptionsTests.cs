using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.LlmGateway.Pools;

namespace Pipeline.LlmGateway.Tests.Pools;

public sealed class LlmOptionsTests
{
    [Fact]
    public async Task Without_configuration_there_is_one_pool_with_the_key_from_the_environment()
    {
        var options = await Read(("OPENAI_API_KEY", "from-environment"));

        var (name, pool) = Assert.Single(options.Pools);
        Assert.Equal(("default", "openai", 20), (name, pool.Provider, pool.Concurrency));
        Assert.Equal(("https://api.openai.com/v1", "from-environment"), (pool.BaseUrl, pool.ApiKey));
    }

    [Fact]
    public async Task A_pool_goes_before_its_vendor_and_the_vendor_before_the_environment()
    {
        var options = await Read(
            ("OPENAI_API_KEY", "from-environment"), ("Llm:OpenAi:ApiKey", "from-vendor"), ("Llm:OpenAi:BaseUrl", "https://vendor.example/v1"),
            ("Llm:Pools:a:ApiKey", "from-pool"), ("Llm:Pools:a:BaseUrl", "https://pool.example"), ("Llm:Pools:b:Model", "x"));

        Assert.Equal(("from-pool", "https://pool.example"), (options.Pools["a"].ApiKey, options.Pools["a"].BaseUrl));
        Assert.Equal(("from-vendor", "https://vendor.example/v1"), (options.Pools["b"].ApiKey, options.Pools["b"].BaseUrl));
    }

    [Fact]
    public async Task Everything_that_is_wrong_is_said_at_once_and_no_key_is_shown()
    {
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => Read(
            ("Llm:Attempts", "0"),
            ("Llm:Pools:a:Provider", "openia"),
            ("Llm:Pools:b:Provider", "anthropic"),
            ("Llm:Pools:b:Concurrency", "0"),
            ("Llm:Pools:b:Fallback", "nowhere"),
            ("Llm:Pools:c:ApiKey", "se cret"),
            ("Llm:Pools:c:BaseUrl", "ftp://x"),
            ("Llm:Pools:d:ApiKey", "k"),
            ("Llm:Pools:d:BaseUrl", "https://user:pass-word@host"),
            ("Llm:Pools:d.e:ApiKey", "k")));

        string[] expected =
        [
            "Llm:Attempts: ",
            "Llm:Pools:a:Provider is 'openia', which is not known. Set one of: openai, anthropic, azure.",
            "Llm:Pools:b:Concurrency: ",
            "Llm:Pools:b has no API key for 'anthropic'. Set Llm:Pools:b:ApiKey, Llm:Anthropic:ApiKey or the environment variable ANTHROPIC_API_KEY.",
            "Llm:Pools:b:Fallback is 'nowhere', but no such pool is configured.",
            "Llm:Pools:c: the API key is not usable. It contains white space",
            "Llm:Pools:c:BaseUrl is 'ftp://x', which is no http or https address.",
            "Llm:Pools:d:BaseUrl for host 'host' carries credentials",
            "Llm:Pools:d.e: the pool's name 'd.e' cannot be a queue's.",
        ];
        Assert.All(expected, x => Assert.Contains(failure.Failures, f => f.StartsWith(x, StringComparison.Ordinal)));
        Assert.Equal(expected.Length, failure.Failures.Count());
        Assert.DoesNotContain("se cret", failure.Message);
        Assert.DoesNotContain("pass-word", failure.Message);
    }

    [Fact]
    public async Task Fallbacks_that_go_in_a_circle_are_refused_once_for_each_circle()
    {
        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => Read(
            ("OPENAI_API_KEY", "k"),
            ("Llm:Pools:a:Fallback", "b"), ("Llm:Pools:b:Fallback", "c"), ("Llm:Pools:c:Fallback", "b"),
            ("Llm:Pools:self:Fallback", "self")));

        Assert.Equal(
            [
                "Llm:Pools:b:Fallback: the fallbacks go in a circle (b -> c -> b). Remove one of them.",
                "Llm:Pools:self:Fallback: the fallbacks go in a circle (self -> self). Remove one of them.",
            ],
            failure.Failures);
    }

    private static async Task<LlmOptions> Read(params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddInMemoryCollection(settings.Select(x => new KeyValuePair<string, string?>(x.Key, x.Value)));
        builder.AddLlmGateway();
        await using var app = builder.Build();
        return app.Services.GetRequiredService<IOptions<LlmOptions>>().Value;
    }
}
