namespace Pipeline.Cli;

/// <summary>What scripts read. A number never changes its meaning.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>An invocation ended badly (failed, expired, cancelled) or was refused.</summary>
    public const int EndedBadly = 1;

    public const int Usage = 2;

    /// <summary>No orchestrator answered in time, or it refused the key.</summary>
    public const int Unreachable = 3;

    public const int NotFound = 4;

    /// <summary>Deferred, and <c>--no-wait</c> was given.</summary>
    public const int Deferred = 5;

    public const int Interrupted = 130;
}
