using System.Net;
using Microsoft.Extensions.Options;

namespace Pipeline.Orchestrator.Http;

/// <summary>An API without keys must not be reachable from another machine, whichever of the ways to name an address was used.</summary>
internal sealed class HttpOptionsValidator(IConfiguration configuration) : IValidateOptions<HttpOptions>
{
    private static readonly string[] EveryAddress = ["http_ports", "https_ports"];

    public ValidateOptionsResult Validate(string? name, HttpOptions options)
    {
        if (options.RequireApiKeys)
        {
            return ValidateOptionsResult.Success;
        }

        var open = (configuration["urls"] ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Concat(configuration.GetSection("Kestrel:Endpoints").GetChildren().Select(x => x["Url"] ?? x.Key))
            .Where(x => !IsLoopback(x))
            // These mean every address of the machine, where no URL is given.
            .Concat(string.IsNullOrEmpty(configuration["urls"]) ? EveryAddress.Where(x => !string.IsNullOrEmpty(configuration[x])) : [])
            .ToList();
        return open.Count == 0
            ? ValidateOptionsResult.Success
            : ValidateOptionsResult.Fail($"Http:RequireApiKeys is false, and the process would listen on '{string.Join("', '", open)}', not only on loopback. Listen on 127.0.0.1 alone, or set Http__RequireApiKeys=true and make keys with --create-api-key.");
    }

    private static bool IsLoopback(string url)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri))
        {
            return false;
        }

        return uri.Host == "localhost" || (IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
    }
}
