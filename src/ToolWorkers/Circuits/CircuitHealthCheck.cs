using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Pipeline.ToolWorkers.Circuits;

/// <summary>An open circuit degrades the service, it does not stop it: the tool's fallback answers.</summary>
internal sealed class CircuitHealthCheck(ToolCircuits circuits) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var states = circuits.All.ToDictionary(x => x.Tool.Name, object (x) => x.State);
        var open = states.Where(x => !Equals(x.Value, "closed")).Select(x => $"{x.Key} is {x.Value}").ToList();
        return Task.FromResult(open.Count == 0
            ? HealthCheckResult.Healthy(data: states)
            : HealthCheckResult.Degraded($"{string.Join(", ", open)}; the declared fallbacks answer.", data: states));
    }
}
