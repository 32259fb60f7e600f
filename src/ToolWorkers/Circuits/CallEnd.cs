namespace Pipeline.ToolWorkers.Circuits;

/// <summary>What the end of a call says of its tool.</summary>
internal enum CallEnd
{
    /// <summary>Nothing: our own trouble, a cancelled delivery, a passed deadline.</summary>
    SaysNothing = 0,

    Succeeded = 1,

    Failed = 2,
}
