namespace Pipeline.ToolWorkers.Manifests;

/// <summary>What a directory of manifests holds: the valid ones, and everything that is wrong with the others.</summary>
public sealed record ToolManifestSet(IReadOnlyList<ToolManifest> Manifests, IReadOnlyList<string> Problems);
