using NJsonSchema;
using Pipeline.ToolWorkers.Manifests;

namespace Pipeline.ToolWorkers;

/// <summary>A tool that this process serves.</summary>
/// <param name="Manifest">What its file declares.</param>
/// <param name="Schema">The schema of its arguments.</param>
/// <param name="Resolve">Its implementation, from the scope of one call.</param>
/// <param name="RecordsOutcome">See <see cref="ITool.RecordsOutcome"/>.</param>
internal sealed record ServedTool(ToolManifest Manifest, JsonSchema Schema, Func<IServiceProvider, ITool> Resolve, bool RecordsOutcome)
{
    public string Name => Manifest.Name;
}
