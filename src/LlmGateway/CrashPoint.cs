using System.Diagnostics;

namespace Pipeline.LlmGateway;

/// <summary>
/// The places at which a gateway can be made to die in a rehearsal, by name. Costs nothing while nobody listens.
/// </summary>
internal static class CrashPoint
{
    /// <summary>The request is stored; its delivery is not acknowledged.</summary>
    public const string Received = "model.received";

    /// <summary>It is written down that the provider is asked; it was not.</summary>
    public const string AfterDispatch = "model.after_dispatch";

    /// <summary>The request is admitted; the provider comes next.</summary>
    public const string BeforeCall = "model.before_call";

    /// <summary>The provider answered, and has charged for it.</summary>
    public const string AfterCall = "model.after_call";

    /// <summary>The outcome is stored; it was not sent.</summary>
    public const string BeforeAnswer = "model.before_answer";

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
