using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Pipeline.Orchestrator.Broker;

/// <summary>Without the depths of the queues admission goes on with its own counts: worse, not stopped. The bus has a check of its own.</summary>
internal sealed class BrokerHealthCheck(BrokerLink link) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var view = link.Circuit.View;
        var data = new Dictionary<string, object> { ["circuit"] = view.State, ["since"] = view.Since };
        return Task.FromResult(link.Circuit.IsOpen
            ? HealthCheckResult.Degraded($"The broker does not say how deep the queues are; its circuit is {view.State}. {view.Reason} Admission goes on with its own counts.", data: data)
            : HealthCheckResult.Healthy(data: data));
    }
}
