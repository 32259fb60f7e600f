using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Pipeline.ProviderSimulator.Limits;
using Pipeline.ProviderSimulator.Protocols;
using Pipeline.ProviderSimulator.Protocols.Anthropic;
using Pipeline.ProviderSimulator.Protocols.Azure;
using Pipeline.ProviderSimulator.Protocols.OpenAi;
using Pipeline.ProviderSimulator.Scripts;

namespace Pipeline.ProviderSimulator;

/// <summary>
/// Puts the simulator into a host: settings from section <see cref="ProviderSimulatorOptions.Section"/>, routes at the root or
/// under a prefix. SDKs are pointed at <c>{prefix}/v1</c> (OpenAI), <c>{prefix}</c> (Anthropic) or <c>{prefix}/openai/v1</c> (Azure).
/// </summary>
public static class ProviderSimulatorModule
{
    public static IHostApplicationBuilder AddProviderSimulator(this IHostApplicationBuilder builder)
    {
        IServiceCollection services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<ProviderSimulatorOptions>().BindConfiguration(ProviderSimulatorOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ProviderSimulatorOptions>, ProviderSimulatorOptionsValidator>();
        services.AddSingleton<SimulatorClock>();
        services.AddSingleton<Ledger>();
        services.AddSingleton<Outage>();
        services.AddSingleton<LimiterDirectory>();
        services.AddSingleton<IdSource>();
        services.AddSingleton<OpenAiProtocol>();
        services.AddSingleton<AnthropicProtocol>();
        services.AddSingleton<AzureProtocol>();
        services.AddSingleton<ResponseWriter>();
        services.AddSingleton<AnswerWriter>();
        services.AddSingleton<CallHandler>();
        services.AddSingleton(LoadModel);
        return builder;
    }

    /// <param name="routes">The host's routes.</param>
    /// <param name="prefix">Where the simulator's root is, such as <c>/simulator</c>; empty = the host's root.</param>
    /// <returns>The group of all routes, so that a host can put its own conventions on them.</returns>
    /// <exception cref="RuleFileException">The rule file has errors: a host must not start with half a model.</exception>
    public static RouteGroupBuilder MapProviderSimulator(this IEndpointRouteBuilder routes, string prefix)
    {
        IServiceProvider services = routes.ServiceProvider;
        var handler = services.GetRequiredService<CallHandler>();
        var openAi = services.GetRequiredService<OpenAiProtocol>();
        var azure = services.GetRequiredService<AzureProtocol>();
        var anthropic = services.GetRequiredService<AnthropicProtocol>();
        var ledger = services.GetRequiredService<Ledger>();
        ProviderSimulatorOptions options = services.GetRequiredService<IOptions<ProviderSimulatorOptions>>().Value;

        RouteGroupBuilder group = routes.MapGroup(prefix);
        group.MapPost("/v1/chat/completions", (RequestDelegate)(context => handler.HandleAsync(context, openAi)));
        group.MapPost("/v1/messages", (RequestDelegate)(context => handler.HandleAsync(context, anthropic)));
        group.MapGet("/v1/models", (RequestDelegate)(context => ModelList.WriteAsync(context, openAi, anthropic, options)));
        group.Map("/v1/{**rest}", (RequestDelegate)(context => handler.RefuseRouteAsync(context, IsAnthropic(context.Request) ? anthropic : openAi)));
        group.MapPost("/openai/v1/chat/completions", (RequestDelegate)(context => handler.HandleAsync(context, azure)));
        group.MapPost("/openai/deployments/{deployment}/chat/completions", (RequestDelegate)(context => handler.HandleAsync(context, azure)));
        var limiters = services.GetRequiredService<LimiterDirectory>();
        group.MapLedger(ledger, limiters);
        group.MapControl(limiters, ledger, services.GetRequiredService<SimulatorClock>(), services.GetRequiredService<ResponseWriter>());
        group.MapOutage(services.GetRequiredService<Outage>());
        group.MapGet("/health/live", () => Results.Text("live"));
        return group;
    }

    public static RouteGroupBuilder MapProviderSimulator(this IEndpointRouteBuilder routes) => routes.MapProviderSimulator("");

    internal static bool IsAnthropic(HttpRequest request) => request.Headers.ContainsKey("anthropic-version") || request.Headers.ContainsKey("x-api-key");

    private static ScriptedModel LoadModel(IServiceProvider services)
    {
        string? file = services.GetRequiredService<IOptions<ProviderSimulatorOptions>>().Value.RulesFile;
        if (string.IsNullOrWhiteSpace(file))
        {
            return new ScriptedModel(RuleSet.Empty);
        }

        RuleSet rules = RuleFile.Load(file);
        services.GetRequiredService<ILogger<ScriptedModel>>().RulesLoaded(rules.Rules.Count, file);
        return new ScriptedModel(rules);
    }
}
