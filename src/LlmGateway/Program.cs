using Pipeline.LlmGateway;
using Pipeline.ServiceDefaults;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults("llm-gateway");
builder.AddLlmGateway();
builder.AddPipelineBus(bus => bus.AddLlmGatewayConsumers());
var app = builder.Build();
return await app.RunServiceAsync(args, () =>
{
    app.MapServiceDefaults();
    app.MapLlmGateway();
});
