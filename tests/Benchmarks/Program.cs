using System.CommandLine;
using Pipeline.Benchmarks;

var command = BenchmarkCommand.Create(args).Parse(args);
// On Ctrl+C the services, databases and virtual hosts are still to be taken away; the default would end the process after two seconds.
var exitCode = await command.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromMinutes(3) });
return command.Errors.Count > 0 ? 2 : exitCode;
