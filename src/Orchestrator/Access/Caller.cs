using System.Security.Claims;

namespace Pipeline.Orchestrator.Access;

/// <summary>Who calls the HTTP API, as its key says. One tenant never sees what is another's.</summary>
/// <param name="Tenant">The tenant that the key is bound to; null for an operator's key.</param>
/// <param name="IsOperator">Sees and steers everything.</param>
public sealed record Caller(string? Tenant, bool IsOperator)
{
    public const string TenantClaim = "tenant";

    public const string OperatorRole = "operator";

    public static Caller Of(ClaimsPrincipal principal) =>
        new(principal.FindFirstValue(TenantClaim), principal.IsInRole(OperatorRole));

    public bool MaySee(string tenant) => IsOperator || (Tenant is not null && Tenant == tenant);
}
