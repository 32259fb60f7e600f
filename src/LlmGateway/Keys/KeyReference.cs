namespace Pipeline.LlmGateway.Keys;

/// <summary>Finds the key that a setting means: itself, <c>env:NAME</c> or <c>file:PATH</c>. Says what is wrong without saying the key.</summary>
internal static class KeyReference
{
    private const string EnvironmentPrefix = "env:";
    private const string FilePrefix = "file:";
    private const int LongestKey = 4096;

    public static bool IsFile(string? setting) => setting?.TrimStart().StartsWith(FilePrefix, StringComparison.Ordinal) == true;

    /// <param name="setting">What is configured.</param>
    /// <param name="configuration">Knows the environment's variables, and tests' settings instead of them.</param>
    /// <returns>The key, or why there is none.</returns>
    public static (string? Key, string? Problem) Resolve(string? setting, IConfiguration configuration)
    {
        var (text, problem) = Read(setting?.Trim(), configuration);
        var key = text?.Trim();
        return problem is not null ? (null, problem)
            : string.IsNullOrEmpty(key) ? (null, "It is empty. Set the key, env:NAME or file:PATH.")
            : key.Length > LongestKey ? (null, $"It is longer than {LongestKey} characters (not shown).")

            // The header would be refused later, in an exception that quotes the key.
            : key.Any(x => x is <= ' ' or >= '\x7f') ? (null, "It contains white space or characters that a header cannot carry (not shown). Copy it again.")
            : (key, null);
    }

    private static (string? Text, string? Problem) Read(string? setting, IConfiguration configuration)
    {
        if (setting is null)
        {
            return (null, null);
        }

        if (setting.StartsWith(EnvironmentPrefix, StringComparison.Ordinal))
        {
            var name = setting[EnvironmentPrefix.Length..];
            return configuration[name] is { } value ? (value, null) : (null, $"The environment variable '{name}' is not set.");
        }

        return setting.StartsWith(FilePrefix, StringComparison.Ordinal) ? ReadFile(setting[FilePrefix.Length..]) : (setting, null);
    }

    private static (string? Text, string? Problem) ReadFile(string path)
    {
        try
        {
            // Read each time, not only where its time changed: mounted secrets are links whose own time never does.
            using var file = new StreamReader(path);
            var buffer = new char[LongestKey + 256];
            var length = file.ReadBlock(buffer);
            return (new string(buffer, 0, length), null);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return (null, $"The file '{path}' cannot be read ({failure.GetType().Name}).");
        }
    }
}
