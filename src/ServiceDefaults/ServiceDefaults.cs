using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Serilog;
using Serilog.Events;
using Serilog.Extensions.Logging;
using Serilog.Formatting.Json;

namespace Pipeline.ServiceDefaults;

/// <summary>What every service process has: JSON logs, telemetry, health, a bounded shutdown, the clock.</summary>
public static class ServiceDefaults
{
    /// <summary>Adds logging, telemetry, health checks and the shutdown limit.</summary>
    /// <param name="builder">The host being built.</param>
    /// <param name="service">The service's name in logs, traces and metrics.</param>
    public static WebApplicationBuilder AddServiceDefaults(this WebApplicationBuilder builder, string service)
    {
        CrashRehearsal.Arm(builder.Configuration);
        builder.Services.TryAddSingleton(TimeProvider.System);
        AddLogging(builder, service);
        Telemetry.Add(builder, service);
        builder.Services.AddHealthChecks();
        builder.Services.Configure<HostOptions>(host =>
        {
            // Longer than the bus needs to finish what it is working on, shorter than the usual 30 s before a container is killed.
            host.ShutdownTimeout = TimeSpan.FromSeconds(28);
            host.BackgroundServiceExceptionBehavior = BackgroundServiceExceptionBehavior.StopHost;
        });
        return builder;
    }

    /// <summary>Maps <c>/health/live</c> (the process runs) and <c>/health/ready</c> (bus and database answer).</summary>
    public static WebApplication MapServiceDefaults(this WebApplication app)
    {
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false }).AllowAnonymous();
        app.MapHealthChecks("/health/ready").AllowAnonymous();
        return app;
    }

    private static void AddLogging(WebApplicationBuilder builder, string service)
    {
        var configuration = new LoggerConfiguration()
            .MinimumLevel.Is(LogEventLevel.Verbose)
            .Enrich.FromLogContext()
            .Enrich.WithProperty("Service", service);
        var file = builder.Configuration["Log:File"];
        var logger = string.IsNullOrWhiteSpace(file)
            ? configuration.WriteTo.Console(new JsonFormatter(renderMessage: true)).CreateLogger()
            : configuration.WriteTo.File(new JsonFormatter(renderMessage: true), file, fileSizeLimitBytes: 100 * 1024 * 1024, rollOnFileSizeLimit: true, retainedFileCountLimit: 5).CreateLogger();
        builder.Logging.ClearProviders();
        // Not AddSerilog: it lets every level through, whatever the filters below say.
        builder.Logging.AddProvider(new SerilogLoggerProvider(logger, dispose: true));
        builder.Logging.SetMinimumLevel(LogLevel.Information);
        builder.Logging.AddFilter("Microsoft.EntityFrameworkCore", LogLevel.Warning);
        // EF Core logs every failed command as an error, conflicts that are merely tried again included; what matters is thrown and logged by us.
        builder.Logging.AddFilter("Microsoft.EntityFrameworkCore.Database.Command", LogLevel.None);
        builder.Logging.AddFilter("Microsoft.EntityFrameworkCore.Update", LogLevel.None);
        builder.Logging.AddFilter("Microsoft.EntityFrameworkCore.Database.Connection", LogLevel.None);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Logging.AddFilter("System.Net.Http", LogLevel.Warning);
        builder.Logging.AddFilter("MassTransit", LogLevel.Warning);
        // Configuration (Logging__LogLevel__…) has the last word.
        builder.Logging.AddConfiguration(builder.Configuration.GetSection("Logging"));
    }
}
