using System.Net;
using Microsoft.Extensions.Options;
using Pipeline.ToolWorkers.HttpTools;
using Pipeline.ToolWorkers.Manifests;
using Pipeline.ToolWorkers.Mcp;
using Pipeline.ToolWorkers.Secrets;

namespace Pipeline.ToolWorkers;

/// <summary>
/// Checks manifests, implementations and the list of served tools against each other, all at once: a deployment is corrected in one go.
/// </summary>
internal sealed class ToolsOptionsValidator(IHostEnvironment environment, IServiceScopeFactory scopes, IEnumerable<ToolImplementation> implementations)
    : IValidateOptions<ToolsOptions>
{
    public ValidateOptionsResult Validate(string? name, ToolsOptions options)
    {
        var set = ToolManifestDirectory.Read(Path.Combine(environment.ContentRootPath, options.Directory));
        var problems = new List<string>(set.Problems);
        var implemented = Implemented(problems);
        problems.AddRange(DeclaredToolProblems(options, set.Manifests, implemented));
        foreach (var manifest in set.Manifests.Where(x => x.Http is null && x.Mcp is null && !implemented.Contains(x.Name)))
        {
            problems.Add($"{manifest.File}: $.name: no implementation has the name '{manifest.Name}'. Register one with AddTool, or remove the file. Implemented: {string.Join(", ", implemented)}.");
        }

        // A file with problems has no manifest here; its tool is not to be reported a second time as undeclared.
        if (set.Problems.Count == 0)
        {
            var declared = set.Manifests.Select(x => x.Name).ToHashSet();
            problems.AddRange(implemented.Where(x => !declared.Contains(x)).Select(x =>
                $"The tool '{x}' is implemented but no manifest in '{options.Directory}' declares it. Add {x}.json, or do not register the tool."));
            problems.AddRange(options.Serve.Where(x => !declared.Contains(x)).Select(x =>
                $"Tools:Serve names '{x}', which no manifest in '{options.Directory}' declares. Declared: {string.Join(", ", declared)}."));
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }

    /// <summary>What is wrong with HTTP tools and MCP servers beyond their own files: secrets, addresses, servers that are not declared.</summary>
    private List<string> DeclaredToolProblems(ToolsOptions options, IReadOnlyList<ToolManifest> manifests, SortedSet<string> implemented)
    {
        var problems = new List<string>(AddressGuard.Problems(options));
        var secrets = new ToolSecrets(options, environment.ContentRootPath);
        var guard = new AddressGuard(options);
        var served = manifests.Where(x => options.Serve.Count == 0 || options.Serve.Contains(x.Name)).ToHashSet();
        var used = served.Select(x => x.Mcp?.Server).OfType<string>().ToHashSet();
        var servers = McpServerDirectory.Read(Path.Combine(environment.ContentRootPath, options.McpDirectory), options, secrets, problems, options.Serve.Count == 0 ? null : used)
            .Select(x => x.Name)
            .ToHashSet();
        foreach (var manifest in manifests.Where(x => x.Http is not null || x.Mcp is not null))
        {
            if (implemented.Contains(manifest.Name))
            {
                problems.Add($"{manifest.File}: $.name: '{manifest.Name}' is declared here and implemented as a class. Give one of them another name.");
            }

            // Where the servers' own files have problems, they are to be mended first.
            if (manifest.Mcp is { } mcp && !servers.Contains(mcp.Server) && problems.Count == 0)
            {
                problems.Add($"{manifest.File}: $.mcp.server: no file in '{options.McpDirectory}' declares the server '{mcp.Server}'. Add it, or remove the tool.");
            }

            var headers = served.Contains(manifest) ? manifest.Http?.Headers : null;
            problems.AddRange((headers ?? []).Select(x => (x.Key, Problem: secrets.Problem(x.Value))).Where(x => x.Problem is not null)
                .Select(x => $"{manifest.File}: $.http.headers.{x.Key}: {x.Problem}"));
            if (manifest.Http?.Url.Origin is { } origin && (!guard.AllowsPort(origin.Port) || (IPAddress.TryParse(origin.Host.Trim('[', ']'), out var address) && !guard.Allows(origin.Host, origin.Port, address))))
            {
                problems.Add($"{manifest.File}: $.http.url: '{origin.Authority}' is not a public address or not an allowed port. If it is meant, allow it with Tools__AllowedPrivateHosts, Tools__AllowedPrivateNetworks or Tools__AllowedPorts.");
            }
        }

        return problems;
    }

    private SortedSet<string> Implemented(List<string> problems)
    {
        using var scope = scopes.CreateScope();
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var implementation in implementations)
        {
            var tool = (ITool)scope.ServiceProvider.GetRequiredService(implementation.Type);
            if (!names.Add(tool.Name))
            {
                problems.Add($"Two implementations have the name '{tool.Name}', one of them {implementation.Type}. Give each tool its own name.");
            }
        }

        return names;
    }
}
