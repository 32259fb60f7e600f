using Microsoft.Extensions.Options;
using Pipeline.ToolWorkers.Manifests;

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
        foreach (var manifest in set.Manifests.Where(x => !implemented.Contains(x.Name)))
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
