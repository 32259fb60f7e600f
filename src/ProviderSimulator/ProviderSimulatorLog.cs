namespace Pipeline.ProviderSimulator;

/// <summary>Event ids 7100–7199.</summary>
internal static partial class ProviderSimulatorLog
{
    [LoggerMessage(7100, LogLevel.Information, "The simulated model has {Rules} rules from '{File}'")]
    public static partial void RulesLoaded(this ILogger logger, int rules, string file);

    [LoggerMessage(7101, LogLevel.Warning, "Call {RequestId}: pattern '{Pattern}' took longer than {Limit}; simplify it in the rule file")]
    public static partial void PatternTooSlow(this ILogger logger, string requestId, string pattern, TimeSpan limit);

    [LoggerMessage(7102, LogLevel.Error, "Call {RequestId} failed in the simulator")]
    public static partial void CallFailed(this ILogger logger, string requestId, Exception exception);
}
