using Microsoft.Extensions.Logging;

namespace Pipeline.ServiceDefaults.Dependencies;

internal static partial class DependencyLog
{
    [LoggerMessage(EventId = 1501, Level = LogLevel.Warning, Message = "The circuit of '{Dependency}' is open: {Reason} Asks are refused at once; it is probed every {Break}. Check the server and the network to it")]
    public static partial void CircuitOpened(this ILogger logger, string dependency, string? reason, TimeSpan @break);

    [LoggerMessage(EventId = 1502, Level = LogLevel.Warning, Message = "The circuit of '{Dependency}' is closed again after {Open}: a probe was answered")]
    public static partial void CircuitClosed(this ILogger logger, string dependency, TimeSpan open);

    [LoggerMessage(EventId = 1503, Level = LogLevel.Debug, Message = "A probe of '{Dependency}' was not answered: {Reason}")]
    public static partial void ProbeFailed(this ILogger logger, string dependency, string reason);

    [LoggerMessage(EventId = 1504, Level = LogLevel.Debug, Message = "'{Dependency}' has answered nothing for {Silence} while somebody waits; it is probed")]
    public static partial void Suspected(this ILogger logger, string dependency, TimeSpan silence);
}
