namespace Pipeline.ToolWorkers.Manifests;

/// <summary>What answers in a tool's place.</summary>
/// <param name="Kind">How it was declared.</param>
/// <param name="Content">
/// The content for the model: JSON for <see cref="ToolFallbackKind.Fixed"/>, text for <see cref="ToolFallbackKind.Message"/>; for the other
/// kinds what is answered where they have nothing.
/// </param>
public sealed record ToolFallback(ToolFallbackKind Kind, string Content)
{
    /// <summary>For <see cref="ToolFallbackKind.LastGood"/>: an older result is not used.</summary>
    public TimeSpan MaxAge { get; init; }

    /// <summary>For <see cref="ToolFallbackKind.Tool"/>: the other tool.</summary>
    public string? Tool { get; init; }
}
