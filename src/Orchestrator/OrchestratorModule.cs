using MassTransit;
using Pipeline.Contracts;
using Pipeline.Orchestrator.Access;
using Pipeline.Orchestrator.Admission;
using Pipeline.Orchestrator.Agents;
using Pipeline.Orchestrator.DeadLetters;
using Pipeline.Orchestrator.Explanations;
using Pipeline.Orchestrator.Http;
using Pipeline.Orchestrator.Ingress;
using Pipeline.Orchestrator.Invocations;
using Pipeline.Orchestrator.Persistence;
using Pipeline.Orchestrator.PublishedContracts;
using Pipeline.Orchestrator.Status;
using Pipeline.Orchestrator.Streams;
using Pipeline.SagaStore;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Databases;

namespace Pipeline.Orchestrator;

/// <summary>What the orchestrator consists of. Composed by its own process and by the embedded host.</summary>
public static class OrchestratorModule
{
    public static IHostApplicationBuilder AddOrchestrator(this IHostApplicationBuilder builder)
    {
        builder.AddServiceDatabase<OrchestratorDbContext, SqlServerOrchestratorDbContext, PostgresOrchestratorDbContext, SqliteOrchestratorDbContext>(OrchestratorDbContext.DatabaseSection);
        builder.Services.AddOptions<AgentCatalogOptions>().BindConfiguration(AgentCatalogOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddOptions<IngressOptions>().BindConfiguration(IngressOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddOptions<InvocationRetentionOptions>().BindConfiguration(InvocationRetentionOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddAccess();
        builder.Services.AddHttpApi();
        builder.Services.AddSingleton<AgentCatalog>();
        builder.Services.AddSingleton<SubmissionRules>();
        builder.Services.AddSingleton<SubmissionRefusal>();
        builder.Services.AddSingleton<InvocationMetrics>();
        builder.Services.AddSingleton<SubmissionRequests>();
        builder.AddAdmission();
        builder.Services.AddDeadLetters();
        builder.Services.AddScoped<InvocationQueries>();
        builder.Services.AddScoped<CancellationRequests>();
        builder.Services.AddSingleton<TimelineStream>();
        builder.Services.AddSingleton<TimelineWatchers>();
        builder.Services.AddHostedService(x => x.GetRequiredService<TimelineWatchers>());
        builder.Services.AddScoped<ExplanationQueries>();
        builder.Services.AddMessageComposer<ModelTurnReference, ModelRequestComposer>();
        builder.Services.AddHostedService<InvocationRetention>();
        builder.Services.AddHostedService<ResumeAfterRestart>();
        return builder;
    }

    public static void AddOrchestratorConsumers(this IBusRegistrationConfigurator bus)
    {
        bus.AddSagaStateMachine<InvocationStateMachine, InvocationState>().RowStore<InvocationState, OrchestratorDbContext>(store =>
            store.WakeAt(x => x.WakeAt, new Uri($"exchange:{QueueName.InvocationEvents}"), (id, dueAt) => new InvocationTimerElapsed(id, dueAt)));
        bus.AddConsumer<UnreadableSubmissionConsumer>();
        bus.AddConsumer<UnroutedSubmissionConsumer>();
        bus.AddConsumeObserver<TimelineSignal>();
        bus.ConfigureTopology(EventTopology.Configure);
        bus.AddReceiveEndpoints(InvocationEndpoints.Describe);
        bus.AddReceiveEndpoints(services => [services.GetRequiredService<PoolPressures>().Endpoint]);
    }

    public static void MapOrchestrator(this IEndpointRouteBuilder routes)
    {
        routes.MapSubmissions();
        routes.MapStatus();
        routes.MapStreams();
        routes.MapOpenApi();
        routes.MapAdmission();
        routes.MapDeadLetters();
        routes.MapExplanations();
        routes.MapContracts();
    }
}
