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
}
