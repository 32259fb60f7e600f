namespace Pipeline.ToolWorkers.Calls;

/// <summary>How far a recorded call has come.</summary>
public enum CallState
{
    None = 0,

    /// <summary>The tool may have begun; whether its effect happened is not known.</summary>
    Started = 1,

    /// <summary>The answer is recorded; the call is never executed again.</summary>
    Finished = 2,
}
