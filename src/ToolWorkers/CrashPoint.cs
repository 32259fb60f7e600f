using System.Diagnostics;

namespace Pipeline.ToolWorkers;

/// <summary>
/// The places at which a tool worker can be made to die in a rehearsal, by name. Costs nothing while nobody listens.
/// </summary>
internal static class CrashPoint
{
    /// <summary>A call arrived; nothing was done yet.</summary>
    public const string Received = "tool.received";

    /// <summary>The tool comes next. A <see cref="ToolEffects.OnceOnly"/> call is recorded as begun.</summary>
    public const string BeforeEffect = "tool.before_effect";

    /// <summary>The tool has done it; the worker has not recorded the answer.</summary>
    public const string AfterEffect = "tool.after_effect";

    /// <summary>The answer is decided and, where the tool has effects, recorded; it was not sent.</summary>
    public const string AfterRecord = "tool.after_record";

    /// <summary>The broker confirmed the answer; the delivery of the call is not acknowledged.</summary>
    public const string AfterAnswer = "tool.after_answer";

    // Every project with crash points has a listener of this name.
    private static readonly DiagnosticListener Listener = new("Pipeline.CrashPoints");

    /// <summary>Says that a call of the tool reached the point; whoever listens may end the process here.</summary>
    public static void Reach(string point, string tool)
    {
        if (Listener.IsEnabled(point))
        {
            Listener.Write(point, tool);
        }
    }
}
