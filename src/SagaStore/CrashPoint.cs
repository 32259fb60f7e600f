using System.Diagnostics;

namespace Pipeline.SagaStore;

/// <summary>
/// The places at which a process with a saga store can be made to die in a rehearsal, by name. Costs nothing while nobody listens.
/// </summary>
internal static class CrashPoint
{
    /// <summary>An event arrived; nothing was done yet.</summary>
    public const string Received = "saga.received";

    /// <summary>Everything is written, the commit comes next.</summary>
    public const string BeforeCommit = "saga.before_commit";

    /// <summary>Committed; nothing was sent.</summary>
    public const string AfterCommit = "saga.after_commit";

    /// <summary>One of several messages is confirmed, the others were not sent.</summary>
    public const string BetweenSends = "saga.between_sends";

    /// <summary>All messages are confirmed; the delivery is not acknowledged.</summary>
    public const string AfterSend = "saga.after_send";

    /// <summary>The sweeper claimed a batch; nothing was sent.</summary>
    public const string SweepClaimed = "saga.sweep_claimed";

    /// <summary>The sweeper sent a batch; its row is still there.</summary>
    public const string SweepSent = "saga.sweep_sent";

    // Every project with crash points has a listener of this name.
    private static readonly DiagnosticListener Listener = new("Pipeline.CrashPoints");

    /// <summary>True while somebody listens for the point.</summary>
    public static bool IsWatched(string point) => Listener.IsEnabled(point);

    /// <summary>Says that the point is reached; whoever listens may end the process here.</summary>
    public static void Reach(string point)
    {
        if (Listener.IsEnabled(point))
        {
            Listener.Write(point, null);
        }
    }
}
