namespace Pipeline.LlmGateway.Keys;

/// <summary>Keys by their aliases. The reasons come from providers and have no keys in them any more.</summary>
internal static partial class KeyLog
{
    [LoggerMessage(EventId = 3251, Level = LogLevel.Error,
        Message = "Domain {Domain}: key {Key} is out of use ({State}) until it is changed, and is looked at again after {RecheckSeconds} s: {Reason}")]
    public static partial void KeyQuarantined(this ILogger logger, string domain, string key, KeyState state, double recheckSeconds, string reason);

    [LoggerMessage(EventId = 3252, Level = LogLevel.Information, Message = "Domain {Domain}: key {Key} is usable again")]
    public static partial void KeyUsableAgain(this ILogger logger, string domain, string key);

    [LoggerMessage(EventId = 3253, Level = LogLevel.Information, Message = "Domain {Domain}: key {Key} was added with weight {Weight}")]
    public static partial void KeyAdded(this ILogger logger, string domain, string key, int weight);

    [LoggerMessage(EventId = 3254, Level = LogLevel.Information, Message = "Domain {Domain}: key {Key} has another value")]
    public static partial void KeyChanged(this ILogger logger, string domain, string key);

    [LoggerMessage(EventId = 3255, Level = LogLevel.Information, Message = "Domain {Domain}: key {Key} has weight {Weight} now")]
    public static partial void KeyWeightChanged(this ILogger logger, string domain, string key, int weight);

    [LoggerMessage(EventId = 3256, Level = LogLevel.Warning, Message = "Domain {Domain}: key {Key} was removed; calls in work end with it")]
    public static partial void KeyRemoved(this ILogger logger, string domain, string key);

    [LoggerMessage(EventId = 3257, Level = LogLevel.Error, Message = "Domain {Domain}: key {Key} cannot be read, the one before stays in use: {Problem}")]
    public static partial void KeyUnreadable(this ILogger logger, string domain, string key, string problem);

    [LoggerMessage(EventId = 3258, Level = LogLevel.Error, Message = "The settings of keys changed and cannot be read, those before stay in use: {Cause}")]
    public static partial void KeysNotReloaded(this ILogger logger, string cause);
}
