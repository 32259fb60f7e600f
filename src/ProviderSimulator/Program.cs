<<<<<<< HEAD
var builder = WebApplication.CreateBuilder(args);
var app = builder.Build();
await app.RunAsync();
=======
using Pipeline.ProviderSimulator;

return await Standalone.RunAsync(args, Console.Out, Console.Error, CancellationToken.None);
>>>>>>> simulator
