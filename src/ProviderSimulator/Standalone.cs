using Microsoft.Extensions.Options;
using Pipeline.ProviderSimulator.Scripts;

namespace Pipeline.ProviderSimulator;

/// <summary>Runs the simulator as a program of its own and turns what goes wrong at start into a sentence and an exit code.</summary>
internal static class Standalone
{
    private const int CannotListen = 1;
    private const int WrongSettings = 2;

    public static async Task<int> RunAsync(string[] args, TextWriter output, TextWriter errors, CancellationToken cancellationToken)
    {
        if (args.Contains("--help") || args.Contains("-h"))
        {
            await output.WriteLineAsync(StandaloneArguments.Usage);
            return 0;
        }

        if (StandaloneArguments.Read(args, out string? error) is not { } settings)
        {
            await errors.WriteLineAsync(error);
            return WrongSettings;
        }

        try
        {
            WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
            builder.Configuration.AddInMemoryCollection(settings);
            builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
            // The host logs the stack of a failed start; the sentence below says the same to a person.
            builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
            builder.AddProviderSimulator();
            await using WebApplication app = builder.Build();
            app.MapProviderSimulator();
            await app.RunAsync(cancellationToken);
            return 0;
        }
        catch (Exception e) when (e is RuleFileException or OptionsValidationException)
        {
            await errors.WriteLineAsync(e.Message);
            return WrongSettings;
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException)
        {
            // What the configuration binder and Kestrel throw for a value they cannot read.
            await errors.WriteLineAsync($"A setting cannot be used: {e.Message}");
            return WrongSettings;
        }
        catch (IOException e)
        {
            await errors.WriteLineAsync($"Cannot listen on '{settings["urls"]}': {e.Message} Choose another address with --urls.");
            return CannotListen;
        }
    }
}
