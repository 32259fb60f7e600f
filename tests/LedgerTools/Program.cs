using Pipeline.LedgerTools;
using Pipeline.ServiceDefaults;
using Pipeline.ToolWorkers;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("tool-workers");
builder.AddToolWorkers();
builder.Services.AddSingleton<EffectLedger>();
builder.Services.AddTool<CodeReadTool>().AddTool<CodeIdempotentTool>().AddTool<CodeOnceTool>();
builder.AddPipelineBus(bus => bus.AddToolWorkersConsumers());
var app = builder.Build();
return await app.RunServiceAsync(args, () =>
{
    app.MapServiceDefaults();
    app.MapToolWorkers();
});
