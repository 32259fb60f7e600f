using System.Reflection;

namespace Pipeline.Integration.Tests.CrashPoints;

/// <summary>Every crash point of every project of ours, read from the constants of the classes <c>CrashPoint</c>, so that none can be forgotten.</summary>
internal static class CrashPointNames
{
    public static IReadOnlyList<string> All { get; } =
    [
        .. Directory.EnumerateFiles(AppContext.BaseDirectory, "Pipeline.*.dll")
            .Order(StringComparer.Ordinal)
            .Select(Assembly.LoadFrom)
            .SelectMany(x => x.GetTypes())
            .Where(x => x.Name == "CrashPoint")
            .SelectMany(x => x.GetFields(BindingFlags.Public | BindingFlags.Static))
            .Where(x => x.IsLiteral)
            .Select(x => (string)x.GetRawConstantValue()!),
    ];

    /// <summary>The project whose process has the point.</summary>
    public static string ServiceOf(string point) => point.Split('.')[0] switch
    {
        "saga" or "admission" => "Orchestrator",
        "tool" => "ToolWorkers",
        "model" => "LlmGateway",
        _ => throw new ArgumentOutOfRangeException(nameof(point), point, "Say here which process has the crash points of this prefix."),
    };
}
