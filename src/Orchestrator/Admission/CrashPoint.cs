using System.Diagnostics;

namespace Pipeline.Orchestrator.Admission;

/// <summary>The places at which admission can be made to die in a rehearsal, by name.</summary>
internal static class CrashPoint
{
    /// <summary>A submission is in the waiting queue, confirmed; its original is not acknowledged.</summary>
    public const string Parked = "admission.parked";

    // Every project with crash points has a listener of this name.
    private static readonly DiagnosticListener Listener = new("Pipeline.CrashPoints");

    public static void Reach(string point)
    {
        if (Listener.IsEnabled(point))
        {
            Listener.Write(point, null);
        }
    }
}
