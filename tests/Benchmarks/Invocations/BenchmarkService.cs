using Pipeline.Benchmarks.Incident;
using Pipeline.Benchmarks.Waiting;
using Pipeline.ServiceDefaults;
using Pipeline.ToolWorkers;

namespace Pipeline.Benchmarks.Invocations;

/// <summary>The two processes that a deployment does not have: the model, and tool workers with tools of no work.</summary>
internal static class BenchmarkService
{
    public const string Model = "model";
    public const string Tools = "tools";
    public const string IncidentTools = "incident-tools";
    public const string WaitingModel = "waiting-model";
    public const string WaitingTools = "waiting-tools";

    public static async Task<int> RunAsync(string role, bool migrate)
    {
        if (role is Model or WaitingModel)
        {
            var simple = WebApplication.CreateSlimBuilder();
            simple.Logging.SetMinimumLevel(LogLevel.Warning);
            var model = simple.Build();
            if (role == Model)
            {
                ModelEndpoint.Map(model);
            }
            else
            {
                Waiting.WaitingModel.Map(model);
            }

            model.MapGet("/health/ready", () => "ready");
            await model.RunAsync();
            return 0;
        }

        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.AddServiceDefaults("tool-workers");
        builder.AddToolWorkers();
        if (role == IncidentTools)
        {
            builder.Services.AddTool<IncidentTool>().AddTool<SoundTool>();
        }
        else if (role == WaitingTools)
        {
            builder.Services.AddTool<HeldTool>().AddTool<PromptTool>();
        }
        else
        {
            AddTools(builder.Services);
        }

        builder.AddPipelineBus(bus => bus.AddToolWorkersConsumers());
        var app = builder.Build();
        return await app.RunServiceAsync(migrate ? ["--migrate"] : [], () => app.MapServiceDefaults());
    }

    public static void AddTools(IServiceCollection services) => services.AddTool<FirstTool>().AddTool<SecondTool>();
}
