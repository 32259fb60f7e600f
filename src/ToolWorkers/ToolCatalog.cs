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
        // Declared tools have nothing of a call's own: one object serves all calls.
        var declared = scope.ServiceProvider.GetRequiredService<DeclaredTools>();
        Served = manifests
            .Where(x => tools.Serve.Count == 0 || tools.Serve.Contains(x.Name))
            .Select(x => Serve(x, declared.Find(x), byName))
            .ToList();
    }

    public IReadOnlyList<ServedTool> Served { get; }

    private static ServedTool Serve(ToolManifest manifest, ITool? declared, Dictionary<string, (Type Type, ITool Tool)> byName)
    {
        var schema = ParameterSchema.CompileAsync(manifest.Parameters, CancellationToken.None).GetAwaiter().GetResult();
        if (declared is not null)
        {
            return new ServedTool(manifest, schema, _ => declared, declared.RecordsOutcome);
        }

        var (type, tool) = byName[manifest.Name];
        return new ServedTool(manifest, schema, services => (ITool)services.GetRequiredService(type), tool.RecordsOutcome);
    }
}
