namespace Pipeline.ToolWorkers.Calls;

/// <summary>The tool is broken: the only exception beside the time limit that counts for its breaker.</summary>
internal sealed class ToolThrewException(Exception thrown) : Exception(thrown.Message, thrown);
