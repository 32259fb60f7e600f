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
    private ToolManifest _manifest = Manifest;

    /// <summary>As it was last read. Take it once where two of its values must belong together.</summary>
    public ToolManifest Manifest => Volatile.Read(ref _manifest);

    public string Name => Manifest.Name;

    /// <summary>Puts a manifest that was read again in force; calls in work keep what they began with.</summary>
    public void Apply(ToolManifest manifest) => Volatile.Write(ref _manifest, manifest);
}
