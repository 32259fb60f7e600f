using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using Pipeline.LlmGateway.Keys;
using Pipeline.LlmGateway.Providers;
using Pipeline.LlmGateway.RateLimits;

namespace Pipeline.LlmGateway.Pools;

/// <summary>Checks everything that can be known before the first request, and reports all of it at once. Never prints a key.</summary>
internal sealed partial class LlmOptionsValidator(LlmOptionsDefaults defaults, IConfiguration configuration) : IValidateOptions<LlmOptions>
{
    public ValidateOptionsResult Validate(string? name, LlmOptions options)
    {
        var failures = new List<string>();
        CheckRanges(LlmOptions.Section, options, failures);
        foreach (var (pool, settings) in options.Pools.OrderBy(x => x.Key, StringComparer.Ordinal))
        {
            CheckPool(options, pool, settings, failures);
        }

        foreach (var (domain, settings) in options.Domains.OrderBy(x => x.Key, StringComparer.Ordinal))
        {
            CheckDomain(options, domain, settings, failures);
        }

        failures.AddRange(defaults.Dropped(options).Select(x => $"{x} has a value that is not of its setting's type (not shown). Correct its numbers and times."));
        CheckFallbackCycles(options, failures);
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private void CheckPool(LlmOptions options, string name, PoolOptions pool, List<string> failures)
    {
        var path = $"{LlmOptions.Section}:Pools:{name}";
        if (!PoolName().IsMatch(name))
        {
            failures.Add($"{path}: the pool's name '{name}' cannot be a queue's. Use 1 to 64 letters, digits, '-' or '_'.");
        }

        CheckRanges(path, pool, failures);
        if (ModelProtocols.Find(pool.Provider) is not { } protocol)
        {
            failures.Add($"{path}:Provider is '{pool.Provider}', which is not known. Set one of: {ModelProtocols.Names}.");
        }
        else
        {
            CheckKey(path, protocol, pool, options, failures);
            CheckBaseUrl(path, pool, failures);
        }

        foreach (var domain in pool.Domains.Where(x => !options.Domains.ContainsKey(x)))
        {
            failures.Add($"{path}:Domains: '{domain}' is no domain that is configured. Configure {LlmOptions.Section}:Domains:{domain}, or correct the name.");
        }

        if (pool.Fallback is { } fallback && !options.Pools.ContainsKey(fallback))
        {
            failures.Add($"{path}:Fallback is '{fallback}', but no such pool is configured. " +
                $"Set one of: {string.Join(", ", options.Pools.Keys.Where(x => x != name).Order(StringComparer.Ordinal))}; or remove it.");
        }
    }

    private void CheckKey(string path, IModelProtocol protocol, PoolOptions pool, LlmOptions options, List<string> failures)
    {
        // Domains with keys of their own do not need the pool's.
        if (!pool.Domains.Exists(x => options.Domains.TryGetValue(x, out var domain) && (domain.Keys.Count == 0 || domain.Keys.ContainsKey(LlmOptionsDefaults.OwnKey))))
        {
            return;
        }

        if (pool.ApiKey is null)
        {
            failures.Add($"{path} has no API key for '{protocol.Name}'. Set {path}:ApiKey, {LlmOptions.Section}:{protocol.SectionName}:ApiKey " +
                $"or the environment variable {protocol.KeyVariable}.");
        }
        else if (KeyReference.Resolve(pool.ApiKey, configuration).Problem is { } problem)
        {
            failures.Add($"{path}: the API key is not usable. {problem}");
        }
    }

    private void CheckDomain(LlmOptions options, string name, LimitDomainOptions domain, List<string> failures)
    {
        var path = $"{LlmOptions.Section}:Domains:{name}";
        var pools = options.Pools.Where(x => x.Value.Domains.Contains(name)).ToList();
        if (!configuration.GetSection(path).Exists())
        {
            // Made of the pool's settings, which were checked as the pool's.
            return;
        }

        CheckRanges(path, domain, failures);
        if (!PoolName().IsMatch(name))
        {
            failures.Add($"{path}: the domain's name '{name}' is not usable. Use 1 to 64 letters, digits, '-' or '_'.");
        }

        var providers = pools.Select(x => x.Value.Provider.ToUpperInvariant()).Distinct().Count();
        if (providers > 1)
        {
            failures.Add($"{path} is used by pools of different providers ({string.Join(", ", pools.Select(x => $"{x.Key}: {x.Value.Provider}"))}). Limits and keys belong to one: give each its own domain.");
        }

        foreach (var (alias, key) in domain.Keys.Where(x => x.Key != LlmOptionsDefaults.OwnKey))
        {
            CheckRanges($"{path}:Keys:{alias}", key, failures);
            var (value, problem) = KeyReference.Resolve(key.Value, configuration);
            if (!PoolName().IsMatch(alias) || alias == value)
            {
                failures.Add($"{path}:Keys: an alias is not usable (not shown, it may be a key). Use 1 to 64 letters, digits, '-' or '_', and not the key itself.");
            }
            else if (problem is not null)
            {
                failures.Add($"{path}:Keys:{alias}: {problem}");
            }
        }
    }

    private static void CheckBaseUrl(string path, PoolOptions pool, List<string> failures)
    {
        if (!Uri.TryCreate(pool.BaseUrl, UriKind.Absolute, out var url) || (url.Scheme != Uri.UriSchemeHttps && url.Scheme != Uri.UriSchemeHttp))
        {
            failures.Add($"{path}:BaseUrl is '{pool.BaseUrl}', which is no http or https address. Set one such as '{ModelProtocols.Find(pool.Provider)?.BaseUrlExample}'.");
        }
        else if (url.UserInfo.Length > 0 || url.Query.Length > 0 || url.Fragment.Length > 0)
        {
            failures.Add($"{path}:BaseUrl for host '{url.Host}' carries credentials, a query or a fragment (not shown). Leave them out; the key goes into ApiKey.");
        }
    }

    private static void CheckFallbackCycles(LlmOptions options, List<string> failures)
    {
        var reported = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var start in options.Pools.Keys.Order(StringComparer.Ordinal))
        {
            var chain = new List<string> { start };
            var next = options.Pools[start].Fallback;
            while (next is not null && options.Pools.TryGetValue(next, out var pool) && !chain.Contains(next, StringComparer.OrdinalIgnoreCase))
            {
                chain.Add(next);
                next = pool.Fallback;
            }

            if (string.Equals(next, start, StringComparison.OrdinalIgnoreCase) && !chain.Any(reported.Contains))
            {
                reported.UnionWith(chain);
                failures.Add($"{LlmOptions.Section}:Pools:{start}:Fallback: the fallbacks go in a circle ({string.Join(" -> ", chain)} -> {start}). Remove one of them.");
            }
        }
    }

    private static void CheckRanges(string path, object settings, List<string> failures)
    {
        var results = new List<ValidationResult>();
        if (!Validator.TryValidateObject(settings, new ValidationContext(settings), results, validateAllProperties: true))
        {
            failures.AddRange(results.Select(x => $"{path}:{string.Join(", ", x.MemberNames)}: {x.ErrorMessage}"));
        }
    }

    [GeneratedRegex("^[A-Za-z0-9_-]{1,64}$")]
    private static partial Regex PoolName();
}
