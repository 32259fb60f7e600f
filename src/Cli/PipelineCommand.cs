using System.CommandLine;
using Pipeline.Cli.Api;
using Pipeline.Cli.Cancelling;
using Pipeline.Cli.DeadLetters;
using Pipeline.Cli.Explaining;
using Pipeline.Cli.ModelGateway;
using Pipeline.Cli.Queues;
using Pipeline.Cli.Submissions;
using Pipeline.Cli.Watching;

namespace Pipeline.Cli;

/// <summary>The command line: an HTTP client of the orchestrator and nothing else.</summary>
internal static class PipelineCommand
{
    public static async Task<int> RunAsync(string[] args)
    {
        var parsed = Create(new ApiOptions()).Parse(args);
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
            {
                await Console.Error.WriteLineAsync($"error: {error.Message}");
            }

            await Console.Error.WriteLineAsync("See pipeline --help.");
            return ExitCode.Usage;
        }

        using var interrupted = new CancellationTokenSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            // The first one ends the command in order; a second one is not held up.
            pressed.Cancel = !interrupted.IsCancellationRequested;
            interrupted.Cancel();
        };
        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, interrupted.Token);
        }
        catch (CommandFailedException failed)
        {
            await Console.Error.WriteLineAsync($"error: {failed.Message}");
            return failed.ExitCode;
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("interrupted");
            return ExitCode.Interrupted;
        }
        catch (IOException closed) when (Console.IsOutputRedirected)
        {
            // The reader of the pipe has seen enough.
            await Console.Error.WriteLineAsync($"error: the output could not be written: {closed.Message}");
            return ExitCode.Usage;
        }
    }

    private static RootCommand Create(ApiOptions api)
    {
        var root = new RootCommand(
            "pipeline: submits invocations to the orchestrator, watches, explains and cancels them, and shows dead letters and queues. " +
            "The key is read from PIPELINE_API_KEY or --api-key-file; it is no argument, because arguments are visible to other users of the machine. " +
            "Exit codes: 0 ok; 1 an invocation ended badly (failed, expired, cancelled, rejected); 2 usage; 3 unreachable, timed out or unauthorised; " +
            "4 not found; 5 deferred and --no-wait; 130 interrupted.")
        {
            SubmitCommand.Create(api),
            WatchCommand.Create(api),
            ExplainCommand.Create(api),
            CancelCommand.Create(api),
            DeadLettersCommand.Create(api),
            QueuesCommand.Create(api),
            LlmCommand.Create(api),
        };
        api.AddTo(root);
        return root;
    }
}
