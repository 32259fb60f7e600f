using MassTransit;
using MassTransit.Middleware;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.LlmGateway.Completions;
using Pipeline.LlmGateway.Estimates;
using Pipeline.LlmGateway.Keys;
using Pipeline.LlmGateway.Pools;
using Pipeline.ServiceDefaults;

namespace Pipeline.LlmGateway;

/// <summary>The gateway's table of contents: its services, its queues, its HTTP routes. Composed alone, or with other services in one process.</summary>
public static class LlmGatewayModule
{
    /// <summary>Adds the model pools and what brings requests to them. Settings: section <c>Llm</c>.</summary>
    public static WebApplicationBuilder AddLlmGateway(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<LlmOptions>().BindConfiguration(LlmOptions.Section).ValidateOnStart();
        builder.Services.AddSingleton<LlmOptionsDefaults>();
        builder.Services.AddSingleton<IPostConfigureOptions<LlmOptions>>(services => services.GetRequiredService<LlmOptionsDefaults>());
        builder.Services.AddSingleton<IValidateOptions<LlmOptions>, LlmOptionsValidator>();
        builder.Services.AddSingleton<CompletionMetrics>();
        builder.Services.AddSingleton<KeyMetrics>();
        builder.Services.AddSingleton<EstimateMetrics>();
        builder.Services.AddSingleton<KeyDirectory>();
        builder.Services.AddHostedService(services => services.GetRequiredService<KeyDirectory>());
        builder.Services.AddSingleton<ModelPoolCatalog>();
        builder.Services.AddSingleton<FallbackChain>();
        builder.Services.AddSingleton<CompletionRunner>();
        builder.Services.AddSingleton<AnswerSender>();
        return builder;
    }

    /// <summary>Adds one queue for each pool, <c>llm.&lt;pool&gt;</c>: its depth is the backlog of that pool.</summary>
    public static void AddLlmGatewayConsumers(this IBusRegistrationConfigurator bus)
    {
        bus.AddConsumer<RequestCompletionConsumer>();
        bus.AddReceiveEndpoints(services => services.GetRequiredService<ModelPoolCatalog>().All.Select(pool => new PipelineEndpoint
        {
            QueueName = QueueName.ModelPool(pool.Name),
            PrefetchCount = pool.Prefetch,
            ConcurrentMessageLimit = pool.Prefetch,
            Configure = (context, queue) =>
            {
                queue.ConfigureError(error =>
                {
                    error.UseFilter(new GiveBackFilter());
                    error.UseFilter(new GenerateFaultFilter());
                    error.UseFilter(new ErrorTransportFilter());
                });
                queue.ConfigureConsumer<RequestCompletionConsumer>(context);
            },
        }));
    }

    /// <summary>The gateway has no routes of its own: what there is to see of it is in metrics, traces and the queues' depths.</summary>
    public static WebApplication MapLlmGateway(this WebApplication app) => app;
}
