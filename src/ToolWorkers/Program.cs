using Pipeline.ServiceDefaults;
using Pipeline.ToolWorkers;
using Pipeline.ToolWorkers.Mcp;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("tool-workers");
builder.AddToolWorkers();
builder.AddPipelineBus(bus => bus.AddToolWorkersConsumers());
var app = builder.Build();
if (args.Contains(McpDiscoveryCommand.Option))
{
    return await app.DiscoverMcpAsync(args);
}

return await app.RunServiceAsync(args, () =>
{
    app.MapServiceDefaults();
    app.MapToolWorkers();
});
