using Pipeline.Orchestrator;
using Pipeline.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("orchestrator");
builder.AddOrchestrator();
builder.AddPipelineBus(bus => bus.AddOrchestratorConsumers());
var app = builder.Build();
app.MapServiceDefaults();
app.MapOrchestrator();
return await app.RunServiceAsync(args);
