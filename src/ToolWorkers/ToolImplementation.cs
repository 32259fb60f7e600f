namespace Pipeline.ToolWorkers;

/// <summary>An implementation that was registered, by type: its name is asked of the tool itself.</summary>
internal sealed record ToolImplementation(Type Type);
