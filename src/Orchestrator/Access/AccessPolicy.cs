namespace Pipeline.Orchestrator.Access;

/// <summary>The authorization policies of the HTTP API.</summary>
public static class AccessPolicy
{
    /// <summary>Any valid key, a tenant's or an operator's. What it may see is decided by <see cref="Caller.MaySee"/>.</summary>
    public const string AnyKey = "any-key";

    /// <summary>An operator's key.</summary>
    public const string Operator = "operator";
}
