namespace Pipeline.ToolWorkers.Circuits;

/// <summary>A circuit's state. The numbers are those of the metric, the same for every circuit of the pipeline.</summary>
internal enum CircuitState
{
    Closed = 0,

    /// <summary>One call, of one process, tries the tool; every other is answered by the fallback.</summary>
    HalfOpen = 1,

    Open = 2,

    /// <summary>Opened by an operator; only an operator closes it.</summary>
    Isolated = 3,
}
