using Microsoft.Extensions.Options;
using Pipeline.ToolWorkers.Manifests;

namespace Pipeline.ToolWorkers;

/// <summary>The tools that this process serves. Built once, from options that were validated at start.</summary>
internal sealed class ToolCatalog
{
    public ToolCatalog(IOptions<ToolsOptions> options, IHostEnvironment environment, IServiceScopeFactory scopes, IEnumerable<ToolImplementation> implementations)
    {
        // Reading the value runs the validator: from here on, every manifest has its implementation and the reverse.
        var tools = options.Value;
        var manifests = ToolManifestDirectory.Read(Path.Combine(environment.ContentRootPath, tools.Directory)).Manifests;
        using var scope = scopes.CreateScope();
        var byName = implementations
            .Select(x => (x.Type, Tool: (ITool)scope.ServiceProvider.GetRequiredService(x.Type)))
            .ToDictionary(x => x.Tool.Name);
        Served = manifests
            .Where(x => tools.Serve.Count == 0 || tools.Serve.Contains(x.Name))
            .Select(x => new ServedTool(
                x,
                ParameterSchema.CompileAsync(x.Parameters, CancellationToken.None).GetAwaiter().GetResult(),
                byName[x.Name].Type,
                byName[x.Name].Tool.RecordsOutcome))
            .ToList();
    }

    public IReadOnlyList<ServedTool> Served { get; }
}
