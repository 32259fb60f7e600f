namespace Pipeline.ToolWorkers.Manifests;

/// <summary>What answers in a tool's place.</summary>
/// <param name="Kind">How it was declared.</param>
/// <param name="Content">The content for the model: JSON for <see cref="ToolFallbackKind.Fixed"/>, text for <see cref="ToolFallbackKind.Message"/>.</param>
public sealed record ToolFallback(ToolFallbackKind Kind, string Content);
