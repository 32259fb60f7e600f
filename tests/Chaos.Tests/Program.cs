using Pipeline.Chaos.Tests;
using Xunit.Runner.InProc.SystemConsole;

// 'run' makes it a command (scripts/chaos.sh); everything else is the test runner's business.
return args is ["run", ..] ? await ChaosCommand.RunAsync(args[1..]) : await ConsoleRunner.Run(args);
