using Pipeline.EmbeddedHost;

var command = EmbeddedCommand.Create().Parse(args);
var exitCode = await command.InvokeAsync();
return command.Errors.Count > 0 ? 2 : exitCode;
