using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Pipeline.Chaos.Tests.Checks;

namespace Pipeline.Chaos.Tests;

/// <summary>The command behind scripts/chaos.sh. Exit codes: 0 everything holds, 1 something does not, 2 usage.</summary>
internal static class ChaosCommand
{
    private static readonly JsonSerializerOptions Written = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static async Task<int> RunAsync(string[] arguments)
    {
        if (Read(arguments, out var output) is not { } options)
        {
            return 2;
        }

        using var stop = new CancellationTokenSource();
        // Ctrl+C must still stop the servers and processes that were started.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, x => End(x, stop));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, x => End(x, stop));
        try
        {
            var report = await new ChaosRun(options, x => Console.WriteLine($"{DateTime.UtcNow:HH:mm:ss} {x}")).RunAsync(stop.Token);
            if (output is not null)
            {
                await File.WriteAllTextAsync(output, JsonSerializer.Serialize(report, Written) + "\n");
            }

            Console.WriteLine();
            Console.Write(ReportTable.Of(report));
            return report.Holds ? 0 : 1;
        }
        catch (StuckException e)
        {
            await Console.Error.WriteLineAsync($"stuck, seed {options.Seed}: {e.Message}");
            return 1;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("interrupted");
            return 130;
        }
    }

    private static void End(PosixSignalContext context, CancellationTokenSource stop)
    {
        context.Cancel = true;
        stop.Cancel();
    }

    private static ChaosOptions? Read(string[] arguments, out string? output)
    {
        var options = new ChaosOptions();
        output = null;
        for (var index = 0; index < arguments.Length; index++)
        {
            var name = arguments[index];
            if (name == "--keep")
            {
                options = options with { Keep = true };
                continue;
            }

            if (index + 1 == arguments.Length)
            {
                Console.Error.WriteLine($"error: '{name}' needs a value, or is not known");
                return null;
            }

            var value = arguments[++index];
            var isNumber = double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number >= 0;
            switch (name)
            {
                case "--script":
                    options = options with { Script = value };
                    break;
                case "--output":
                    output = value;
                    break;
                case "--seed" when isNumber:
                    options = options with { Seed = (int)number };
                    break;
                case "--invocations" when isNumber:
                    options = options with { Invocations = (int)number };
                    break;
                case "--trials" when isNumber:
                    options = options with { Trials = (int)number };
                    break;
                case "--rate" when isNumber:
                    options = options with { Load = options.Load with { Rate = number } };
                    break;
                default:
                    Console.Error.WriteLine($"error: '{name} {value}' is not understood");
                    return null;
            }
        }

        return options;
    }
}
