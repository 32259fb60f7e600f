using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using Pipeline.LlmGateway.Providers;

namespace Pipeline.LlmGateway.Pools;

/// <summary>Checks everything that can be known before the first request, and reports all of it at once. Never prints a key.</summary>
internal sealed partial class LlmOptionsValidator : IValidateOptions<LlmOptions>
{
    public ValidateOptionsResult Validate(string? name, LlmOptions options)
    {
        var failures = new List<string>();
        CheckRanges(LlmOptions.Section, options, failures);
        foreach (var (pool, settings) in options.Pools.OrderBy(x => x.Key, StringComparer.Ordinal))
        {
            CheckPool(options, pool, settings, failures);
        }

        CheckFallbackCycles(options, failures);
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static void CheckPool(LlmOptions options, string name, PoolOptions pool, List<string> failures)
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
            CheckKey(path, protocol, pool, failures);
            CheckBaseUrl(path, pool, failures);
        }

        if (pool.Fallback is { } fallback && !options.Pools.ContainsKey(fallback))
        {
            failures.Add($"{path}:Fallback is '{fallback}', but no such pool is configured. " +
                $"Set one of: {string.Join(", ", options.Pools.Keys.Where(x => x != name).Order(StringComparer.Ordinal))}; or remove it.");
        }
    }

    private static void CheckKey(string path, IModelProtocol protocol, PoolOptions pool, List<string> failures)
    {
        if (pool.ApiKey is null)
        {
            failures.Add($"{path} has no API key for '{protocol.Name}'. Set {path}:ApiKey, {LlmOptions.Section}:{protocol.SectionName}:ApiKey " +
                $"or the environment variable {protocol.KeyVariable}.");
        }
        else if (pool.ApiKey.Any(x => x is <= ' ' or >= '\x7f'))
        {
            // The header would be refused later, in an exception that quotes the key.
            failures.Add($"{path}: the API key contains white space or characters that a header cannot carry (not shown). Copy it again.");
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
