using Microsoft.Extensions.Options;
using Pipeline.LlmGateway.Providers;

namespace Pipeline.LlmGateway.Pools;

/// <summary>Fills in what a pool leaves open: from its vendor's section, then from the vendor's usual environment variable and public address.</summary>
internal sealed class LlmOptionsDefaults(IConfiguration configuration) : IPostConfigureOptions<LlmOptions>
{
    public void PostConfigure(string? name, LlmOptions options)
    {
        if (options.Pools.Count == 0)
        {
            options.Pools.Add(LlmOptions.DefaultPool, new PoolOptions());
        }

        foreach (var pool in options.Pools.Values)
        {
            if (ModelProtocols.Find(pool.Provider) is not { } protocol)
            {
                continue;
            }

            var vendor = protocol.VendorOf(options);
            pool.ApiKey = FirstGiven(pool.ApiKey, vendor.ApiKey, configuration[protocol.KeyVariable]);
            pool.BaseUrl = FirstGiven(pool.BaseUrl, vendor.BaseUrl, protocol.PublicBaseUrl);
        }
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
