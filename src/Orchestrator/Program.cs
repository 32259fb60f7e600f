using Pipeline.Orchestrator;
using Pipeline.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("orchestrator");
builder.AddOrchestrator();
builder.AddPipelineBus(bus => bus.AddOrchestratorConsumers());
var app = builder.Build();
return await app.RunServiceAsync(args, () =>
{
    app.MapServiceDefaults();
    app.MapOrchestrator();
});
