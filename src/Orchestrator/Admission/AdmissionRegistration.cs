using Pipeline.Orchestrator.Broker;

namespace Pipeline.Orchestrator.Admission;

internal static class AdmissionRegistration
{
    public static void AddAdmission(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<AdmissionOptions>().BindConfiguration(AdmissionOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<BrokerLink>();
        services.AddHostedService(x => x.GetRequiredService<BrokerLink>());
        services.AddHealthChecks().AddCheck<BrokerHealthCheck>(BrokerLink.Dependency);
        services.AddSingleton<TurnRate>();
        services.AddSingleton<PoolPressures>();
        services.AddSingleton<AgentLoads>();
        services.AddSingleton<WaitingQueue>();
        services.AddSingleton<AdmissionMetrics>();
        services.AddSingleton<AdmissionDesk>();
        // Before the bus, which is added last: no submission is decided on before the counters are right.
        services.AddHostedService<AdmissionReconciler>();
        services.AddSingleton<QueueDepths>();
        services.AddHostedService(x => x.GetRequiredService<QueueDepths>());
        services.AddSingleton<DeferralDesk>();
        services.AddHostedService(x => x.GetRequiredService<DeferralDesk>());
    }
}
