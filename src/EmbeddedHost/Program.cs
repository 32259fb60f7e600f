using Pipeline.EmbeddedHost;

return await EmbeddedCommand.Create().Parse(args).InvokeAsync();
