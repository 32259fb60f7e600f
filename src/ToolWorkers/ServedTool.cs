using NJsonSchema;
using Pipeline.ToolWorkers.Manifests;

namespace Pipeline.ToolWorkers;

/// <summary>A tool that this process serves.</summary>
/// <param name="Manifest">What its file declares.</param>
/// <param name="Schema">The schema of its arguments.</param>
/// <param name="Type">Its implementation.</param>
/// <param name="RecordsOutcome">See <see cref="ITool.RecordsOutcome"/>.</param>
internal sealed record ServedTool(ToolManifest Manifest, JsonSchema Schema, Type Type, bool RecordsOutcome)
{
    public string Name => Manifest.Name;
}
