using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Pipeline.LlmGateway.Ownership;

/// <summary>Ready is who owns, or knows another process that does: until then the queues may not exist.</summary>
internal sealed class OwnershipHealthCheck(GatewayOwnership ownership) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var unsettled = ownership.Groups.Where(x => !x.Settled.IsCompletedSuccessfully).Select(x => x.Group.Name).ToList();
        return Task.FromResult(unsettled.Count == 0
            ? HealthCheckResult.Healthy()
            : HealthCheckResult.Unhealthy($"No gateway owns '{string.Join("', '", unsettled)}' yet."));
    }
}
