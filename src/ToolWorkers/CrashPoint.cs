using System.Diagnostics;

namespace Pipeline.ToolWorkers;

/// <summary>
/// The places at which a tool worker can be made to die in a rehearsal, by name. Costs nothing while nobody listens.
/// </summary>
internal static class CrashPoint
{
    /// <summary>The call of a tool with effects is recorded as begun; the tool comes next.</summary>
    public const string BeforeEffect = "tool.before_effect";

    /// <summary>The tool has done it; the worker has not recorded the answer.</summary>
    public const string AfterEffect = "tool.after_effect";

    /// <summary>The answer is recorded; it was not sent.</summary>
    public const string AfterRecord = "tool.after_record";

    // Every project with crash points has a listener of this name.
    private static readonly DiagnosticListener Listener = new("Pipeline.CrashPoints");

    /// <summary>Says that the point is reached; whoever listens may end the process here.</summary>
    public static void Reach(string point)
    {
        if (Listener.IsEnabled(point))
        {
            Listener.Write(point, null);
        }
    }
}
