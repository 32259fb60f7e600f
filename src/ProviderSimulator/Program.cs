using Pipeline.ProviderSimulator;

return await Standalone.RunAsync(args, Console.Out, Console.Error, CancellationToken.None);
