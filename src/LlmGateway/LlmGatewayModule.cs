using MassTransit;
using Microsoft.Extensions.Options;
using Pipeline.LlmGateway.Completions;
using Pipeline.LlmGateway.Estimates;
using Pipeline.LlmGateway.Keys;
using Pipeline.LlmGateway.Holding;
using Pipeline.LlmGateway.Inspection;
using Pipeline.LlmGateway.Ownership;
using Pipeline.LlmGateway.Persistence;
using Pipeline.LlmGateway.Pools;
using Pipeline.ServiceDefaults.Databases;

namespace Pipeline.LlmGateway;

/// <summary>The gateway's table of contents: its services, its queues, its HTTP routes. Composed alone, or with other services in one process.</summary>
public static class LlmGatewayModule
{
    /// <summary>Adds the model pools and what brings requests to them. Settings: section <c>Llm</c>.</summary>
    public static WebApplicationBuilder AddLlmGateway(this WebApplicationBuilder builder)
    {

        // Not BindConfiguration: that listens for changes, and a wrong one would be thrown at whoever reloads. Keys are reloaded by their directory.
        builder.Services.AddOptions<LlmOptions>()
            .Configure<IConfiguration>((options, configuration) => configuration.GetSection(LlmOptions.Section).Bind(options))
            .ValidateOnStart();
        builder.Services.AddSingleton<LlmOptionsDefaults>();
        builder.Services.AddSingleton<IPostConfigureOptions<LlmOptions>>(services => services.GetRequiredService<LlmOptionsDefaults>());
        builder.Services.AddSingleton<IValidateOptions<LlmOptions>, LlmOptionsValidator>();
        builder.Services.AddOptions<HoldQueueOptions>().BindConfiguration("Llm:Holding").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddOptions<OwnershipOptions>().BindConfiguration(OwnershipOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<OwnershipOptions>, OwnershipOptionsValidator>();
        builder.Services.AddOptions<CompletionOptions>().BindConfiguration(CompletionOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddOptions<InspectionOptions>().BindConfiguration(InspectionOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddScoped<GatewayView>();
        builder.Services.AddScoped<UsageReport>();
        builder.AddServiceDatabase<LlmGatewayDbContext, SqlServerLlmGatewayDbContext, PostgresLlmGatewayDbContext, SqliteLlmGatewayDbContext>(
            "Llm:Database",
            LlmGatewayDbContext.MigrationsHistoryTable);
        builder.Services.AddSingleton<CompletionMetrics>();
        builder.Services.AddSingleton<KeyMetrics>();
        builder.Services.AddSingleton<EstimateMetrics>();
        builder.Services.AddSingleton<KeyDirectory>();
        builder.Services.AddHostedService(services => services.GetRequiredService<KeyDirectory>());
        builder.Services.AddSingleton<ModelPoolCatalog>();
        builder.Services.AddSingleton<FallbackChain>();
        builder.Services.AddSingleton<RetryPolicy>();
        builder.Services.AddSingleton<AnswerSender>();
        builder.Services.AddSingleton<LeaseStore>();
        builder.Services.AddSingleton<GatewayInstance>();
        builder.Services.AddSingleton<GatewayOwnership>().AddHostedService(x => x.GetRequiredService<GatewayOwnership>());
        builder.Services.AddSingleton<Retention>().AddHostedService(x => x.GetRequiredService<Retention>());
        builder.Services.AddSingleton<LimitMetrics>();
        builder.Services.AddHealthChecks().AddCheck<OwnershipHealthCheck>("llm-ownership");
        return builder;
    }

    /// <summary>
    /// Nothing at the start: a pool's queue, <c>llm.&lt;pool&gt;</c>, is consumed only by the process that owns its limit domains, from when it has taken
    /// them until it gives them back. Kept so that every service is composed alike.
    /// </summary>
    public static void AddLlmGatewayConsumers(this IBusRegistrationConfigurator bus) => ArgumentNullException.ThrowIfNull(bus);

    /// <summary>Maps <c>GET /llm</c> and <c>GET /llm/usage</c>, for operators.</summary>
    public static WebApplication MapLlmGateway(this WebApplication app)
    {
        app.MapLlm();

        // Nobody asks for it; it only has to be there.
        app.Services.GetRequiredService<LimitMetrics>();
        return app;
    }
}
