using Microsoft.Extensions.Options;
using Pipeline.LlmGateway.Keys;
using Pipeline.LlmGateway.Providers;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Pools;

/// <summary>Fills in what a pool leaves open: a limit domain of its own, and from its vendor's section, then from the vendor's usual environment variable and public address.</summary>
internal sealed class LlmOptionsDefaults(IConfiguration configuration) : IPostConfigureOptions<LlmOptions>
{
    /// <summary>The alias of a key that was given to a pool or its vendor, not to a domain.</summary>
    public const string OwnKey = "default";

    public void PostConfigure(string? name, LlmOptions options)
    {
        if (options.Pools.Count == 0)
        {
            options.Pools.Add(LlmOptions.DefaultPool, new PoolOptions());
        }

        foreach (var (poolName, pool) in options.Pools)
        {
            NameDomains(poolName, pool, options);
            if (ModelProtocols.Find(pool.Provider) is not { } protocol)
            {
                continue;
            }

            var vendor = protocol.VendorOf(options);
            pool.ApiKey = FirstGiven(pool.ApiKey, vendor.ApiKey, configuration[protocol.KeyVariable]);
            pool.BaseUrl = FirstGiven(pool.BaseUrl, vendor.BaseUrl, protocol.PublicBaseUrl);
            foreach (var domain in pool.Domains)
            {
                if (pool.ApiKey is not null && options.Domains.TryGetValue(domain, out var limits) && limits.Keys.Count == 0)
                {
                    limits.Keys.Add(OwnKey, new ApiKeyOptions { Value = pool.ApiKey });
                }
            }
        }
    }

    /// <summary>
    /// Paths of domains and keys that are configured and are not in the options: a binder leaves an entry out, and says nothing, where one of
    /// its values cannot be converted. A key must not vanish for that.
    /// </summary>
    public IReadOnlyList<string> Dropped(LlmOptions options)
    {
        var dropped = new List<string>();
        foreach (var domain in configuration.GetSection($"{LlmOptions.Section}:{nameof(LlmOptions.Domains)}").GetChildren())
        {
            if (!options.Domains.TryGetValue(domain.Key, out var bound))
            {
                dropped.Add(domain.Path);
                continue;
            }

            dropped.AddRange(domain.GetSection(nameof(LimitDomainOptions.Keys)).GetChildren().Where(x => !bound.Keys.ContainsKey(x.Key)).Select(x => x.Path));
        }

        return dropped;
    }

    private static void NameDomains(string name, PoolOptions pool, LlmOptions options)
    {
        if (pool.Domains.Count == 0 && !string.IsNullOrWhiteSpace(pool.Domain))
        {
            pool.Domains.Add(pool.Domain);
        }

        if (pool.Domains.Count > 0)
        {
            return;
        }

        pool.Domains.Add(name);
        options.Domains.TryAdd(name, new LimitDomainOptions
        {
            RequestsPerMinute = pool.RequestsPerMinute,
            TokensPerMinute = pool.TokensPerMinute,
            Concurrency = pool.Concurrency,
            Burst = pool.Burst,
        });
    }

    private static string? FirstGiven(params ReadOnlySpan<string?> values)
    {
        foreach (var value in values)
        {
            if (!string.IsNullOrWhiteSpace(value))
            {
                return value.Trim();
            }
        }

        return null;
    }
}
