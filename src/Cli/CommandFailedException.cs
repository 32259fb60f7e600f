namespace Pipeline.Cli;

/// <summary>Ends the command with one line on standard error.</summary>
internal sealed class CommandFailedException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;
}
