namespace Pipeline.Contracts.Invocations;

/// <summary>The names that end the routing key of an event.</summary>
public static class InvocationEventName
{
    public const string Accepted = "accepted";
    public const string Deferred = "deferred";
    public const string Rejected = "rejected";
    public const string Progressed = "progressed";
    public const string Completed = "completed";
    public const string Failed = "failed";
    public const string Cancelled = "cancelled";
    public const string Expired = "expired";

    /// <summary>True for the one event that ends an accepted invocation.</summary>
    public static bool IsTerminal(string name) => name is Completed or Failed or Cancelled or Expired;
}
