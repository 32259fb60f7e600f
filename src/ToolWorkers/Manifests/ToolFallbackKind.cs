namespace Pipeline.ToolWorkers.Manifests;

/// <summary>The kinds of fallback a tool can declare.</summary>
public enum ToolFallbackKind
{
    None = 0,

    /// <summary>A result of the same shape as the tool's own.</summary>
    Fixed = 1,

    /// <summary>A text that tells the model what is missing and what to do.</summary>
    Message = 2,

    /// <summary>The tool's last good result for the same tenant and arguments, with its age.</summary>
    LastGood = 3,

    /// <summary>Another tool, with the same arguments.</summary>
    Tool = 4,
}
