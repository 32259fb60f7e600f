namespace Pipeline.ToolWorkers;

/// <summary>What running a tool twice would do to the outside world. Decides what is recorded of its calls and what a redelivery does.</summary>
public enum ToolEffects
{
    None = 0,

    /// <summary>Changes nothing: may run any number of times, nothing is recorded.</summary>
    ReadOnly = 1,

    /// <summary>Running it again with the same call id has no further effect: it is repeated after an interruption.</summary>
    Idempotent = 2,

    /// <summary>Must not run twice: an interrupted call is reported, not repeated.</summary>
    OnceOnly = 3,
}
