namespace Pipeline.ToolWorkers.Manifests;

internal static partial class ManifestLog
{
    [LoggerMessage(EventId = 2501, Level = LogLevel.Information, Message = "The tool manifests in {Directory} were read again and are in force")]
    public static partial void Reloaded(this ILogger logger, string directory);

    [LoggerMessage(EventId = 2502, Level = LogLevel.Error, Message = "The tool manifests in {Directory} were changed and are wrong; what was in force before stays: {Problems}")]
    public static partial void ReloadRefused(this ILogger logger, string directory, string problems);

    [LoggerMessage(EventId = 2503, Level = LogLevel.Warning, Message = "Tool {Tool}: {File} changes description, parameters, effects or concurrency; that takes effect with the next start")]
    public static partial void NeedsRestart(this ILogger logger, string tool, string file);

    [LoggerMessage(EventId = 2504, Level = LogLevel.Warning, Message = "Tool {Tool}: its manifest is no longer in {Directory}; it is served as before until the next start")]
    public static partial void ManifestGone(this ILogger logger, string tool, string directory);
}
