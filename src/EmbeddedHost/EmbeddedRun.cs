using System.Net;
using System.Net.Sockets;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Pipeline.EmbeddedHost.Sample;
using Pipeline.LlmGateway;
using Pipeline.Orchestrator;
using Pipeline.ProviderSimulator;
using Pipeline.ServiceDefaults;
using Pipeline.ServiceDefaults.Databases;
using Pipeline.ToolWorkers;
using Spectre.Console;

namespace Pipeline.EmbeddedHost;

/// <summary>All services in one process, composed of the same parts as the service processes.</summary>
internal static class EmbeddedRun
{
    public static async Task<int> RunAsync(EmbeddedSettings settings, CancellationToken cancellationToken)
    {
        if (!File.Exists(settings.File))
        {
            await Console.Error.WriteLineAsync($"There is no file '{settings.File}'. Name a file of cases, JSON lines, with --file.");
            return 2;
        }

        IReadOnlyList<SampleCase> cases;
        try
        {
            cases = settings.Submit ? SampleCase.Read(settings.File) : [];
        }
        catch (InvalidDataException e)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 2;
        }

        if (Console.IsOutputRedirected)
        {
            // A file has no width; a table of 80 columns would be mostly line breaks.
            AnsiConsole.Profile.Width = 180;
            AnsiConsole.Profile.Capabilities.Ansi = false;
            AnsiConsole.Profile.Capabilities.ColorSystem = ColorSystem.NoColors;
        }

        using var data = DataFolder.Open(settings);
        if (data is null)
        {
            await Console.Error.WriteLineAsync($"Another process uses the data folder '{settings.Data}'. Wait for it to end, or name another folder with --data.");
            return 1;
        }

        await using var app = Build(settings, out var url, out var simulated);
        await ForgetAbandonedMigrationsAsync(app, cancellationToken);
        await app.MigrateAsync();
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (OptionsValidationException e)
        {
            await Console.Error.WriteLineAsync($"The embedded host does not start: {e.Message}");
            return 2;
        }

        AnsiConsole.MarkupLineInterpolated($"Pipeline runs in this process; model answers come from the {(simulated ? "provider simulator" : "real provider")}. HTTP: {url}  log: {Path.Combine(settings.Data, "embedded-host.log")}");

        var exitCode = 0;
        if (cases.Count > 0)
        {
            var run = ActivatorUtilities.CreateInstance<SampleRun>(app.Services, new SampleRunSettings(cases, new Uri(url), settings.Timeout, CompareOutcomes: simulated, settings.Timeline));
            exitCode = await run.RunAsync(cancellationToken) ? 0 : 1;
        }

        if (settings.Serve)
        {
            AnsiConsole.MarkupLineInterpolated($"Serving until Ctrl+C. Try: curl {url}/invocations/<id>  curl {url}/invocations/<id>/timeline  curl {url}/tools  curl {url}/refunds");
            await app.WaitForShutdownAsync(cancellationToken);
        }
        else
        {
            await app.StopAsync(CancellationToken.None);
        }

        return exitCode;
    }

    /// <summary>
    /// EF Core marks a SQLite database that is being migrated, and a process that is killed then leaves the mark for the next one to wait on
    /// for ever. The data folder is ours alone, so no mark in it can be alive.
    /// </summary>
    private static async Task ForgetAbandonedMigrationsAsync(WebApplication app, CancellationToken cancellationToken)
    {
        foreach (var database in app.Services.GetServices<MigratedDatabase>())
        {
            await using var scope = app.Services.CreateAsyncScope();
            await database.Resolve(scope.ServiceProvider).Database.ExecuteSqlRawAsync("DROP TABLE IF EXISTS \"__EFMigrationsLock\"", cancellationToken);
        }
    }

    private static WebApplication Build(EmbeddedSettings settings, out string url, out bool simulated)
    {
        url = settings.Url ?? (settings.Serve ? "http://127.0.0.1:8080" : $"http://127.0.0.1:{FreePort()}");
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ApplicationName = "Pipeline.EmbeddedHost", ContentRootPath = AppContext.BaseDirectory });
        simulated = EmbeddedDefaults.Apply(builder.Configuration, settings, url);
        builder.AddServiceDefaults("embedded-host");
        builder.AddOrchestrator();
        builder.AddToolWorkers();
        builder.AddLlmGateway();
        if (simulated)
        {
            builder.AddProviderSimulator();
        }

        builder.Services.AddSingleton<TerminalEvents>();
        builder.AddPipelineBus(bus =>
        {
            bus.AddOrchestratorConsumers();
            bus.AddToolWorkersConsumers();
            bus.AddLlmGatewayConsumers();
            bus.AddConsumer<TerminalEventConsumer>();
            bus.AddReceiveEndpoints(_ => [TerminalEventConsumer.Endpoint]);
        });
        var app = builder.Build();
        app.MapServiceDefaults();
        app.MapOrchestrator();
        app.MapToolWorkers();
        app.MapLlmGateway();
        if (simulated)
        {
            // It has keys of its own, which the gateway sends in the same header.
            app.MapProviderSimulator("/simulator").AllowAnonymous();
        }

        return app;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
