using System.Security.Claims;

namespace Pipeline.Orchestrator.Access;

/// <summary>Who calls the HTTP API, as its key says. One tenant never sees what is another's.</summary>
/// <param name="Tenant">The tenant that the key is bound to; null for an operator's key.</param>
/// <param name="IsOperator">Sees and steers everything.</param>
/// <param name="Name">The key's name, for the records of what was decided; null where no key was asked for.</param>
public sealed record Caller(string? Tenant, bool IsOperator, string? Name = null)
{
    public const string TenantClaim = "tenant";

    public const string OperatorRole = "operator";

    public static Caller Of(ClaimsPrincipal principal) =>
        new(principal.FindFirstValue(TenantClaim), principal.IsInRole(OperatorRole), principal.FindFirstValue(ClaimTypes.Name));

    public bool MaySee(string tenant) => IsOperator || (Tenant is not null && Tenant == tenant);
}
