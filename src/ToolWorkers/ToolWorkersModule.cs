using MassTransit;
using Microsoft.Extensions.Options;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Databases;
using Pipeline.ToolWorkers.Accounts;
using Pipeline.ToolWorkers.Calls;
using Pipeline.ToolWorkers.Circuits;
using Pipeline.ToolWorkers.Fallbacks;
using Pipeline.ToolWorkers.Manifests;
using Pipeline.ToolWorkers.Mcp;
using Pipeline.ToolWorkers.Persistence;

namespace Pipeline.ToolWorkers;

/// <summary>The tool workers' parts, for their own process or one that they share.</summary>
public static class ToolWorkersModule
{
    /// <summary>Adds options, database, tools, circuits and the step that seeds the sample bank.</summary>
    public static IHostApplicationBuilder AddToolWorkers(this IHostApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<ToolsOptions>().BindConfiguration(ToolsOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddSingleton<IValidateOptions<ToolsOptions>, ToolsOptionsValidator>();
        services.AddOptions<AccountSeedOptions>().BindConfiguration(AccountSeedOptions.Section);

        builder.AddServiceDatabase<ToolWorkersDbContext, SqlServerToolWorkersDbContext, PostgresToolWorkersDbContext, SqliteToolWorkersDbContext>(
            "Tools:Database",
            ToolWorkersDbContext.MigrationsHistoryTable);
        services.AddScoped<AccountSeed>();
        services.AddSingleton(new AfterMigration("Sample accounts", (scope, cancellationToken) => scope.GetRequiredService<AccountSeed>().ApplyAsync(cancellationToken)));

        services.AddSampleTools();
        services.AddDeclaredTools();
        services.AddSingleton<ToolCatalog>();
        services.AddSingleton<ToolMetrics>();
        services.AddSingleton<WorkerInstance>();
        services.AddSingleton<ToolCircuits>();
        services.AddSingleton<CallRecords>();
        services.AddSingleton<CallsInFlight>();
        services.AddSingleton<AnswerSender>();
        services.AddSingleton<RunToolConsumer>();
        services.AddSingleton<CircuitStore>();
        services.AddSingleton<CircuitFleet>().AddHostedService(x => x.GetRequiredService<CircuitFleet>());
        services.AddSingleton<FallbackAnswers>();
        services.AddSingleton<StandInQueues>();
        services.AddSingleton<LastGoodResults>().AddHostedService(x => x.GetRequiredService<LastGoodResults>());
        services.AddHostedService<ManifestReload>();
        services.AddSingleton<CallRecordCleanup>().AddHostedService(x => x.GetRequiredService<CallRecordCleanup>());
        services.AddHostedService<McpWarmUp>();
        services.AddHealthChecks().AddCheck<CircuitHealthCheck>("tool-circuits");
        return builder;
    }

    /// <summary>Adds one receive endpoint for each served tool.</summary>
    public static void AddToolWorkersConsumers(this IBusRegistrationConfigurator bus) => bus.AddReceiveEndpoints(services => [.. ToolEndpoints.Describe(services), CircuitEndpoint.Describe(services)]);

    /// <summary>Maps <c>GET /tools</c>: what this process serves and how its circuits are; <c>POST /tools/{tool}/circuit</c> for operators; and <c>GET /refunds</c> of the sample bank.</summary>
    public static WebApplication MapToolWorkers(this WebApplication app)
    {
        app.MapCircuits();
        app.MapRefunds();
        return app;
    }
}
