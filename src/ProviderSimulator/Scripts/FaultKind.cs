namespace Pipeline.ProviderSimulator.Scripts;

internal enum FaultKind
{
    None = 0,

    /// <summary>An error status with the provider's own body.</summary>
    Status = 1,

    /// <summary>No answer; the connection is cut after the longest permitted latency.</summary>
    Hang = 2,

    /// <summary>The connection is cut after the charge: the caller cannot know whether it was billed.</summary>
    Abort = 3,

    /// <summary>A stream that starts well and ends with an error event.</summary>
    StreamError = 4,

    /// <summary>A stream that is cut in the middle.</summary>
    StreamAbort = 5,

    /// <summary>200 with a body that is not the protocol.</summary>
    Garbage = 6,

    /// <summary>The connection is cut in the middle of a body that said it was longer.</summary>
    Truncate = 7,

    /// <summary>The first token comes late.</summary>
    Slow = 8,

    /// <summary>A stream that stops in the middle for a while and then goes on.</summary>
    Stall = 9,

    /// <summary>The connection is cut before anything was charged.</summary>
    Reset = 10,
}
