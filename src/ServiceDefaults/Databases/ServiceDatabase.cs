using System.Diagnostics.CodeAnalysis;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Pipeline.ServiceDefaults.Dependencies;

namespace Pipeline.ServiceDefaults.Databases;

/// <summary>
/// A service's own database: one context type for the code, one derived type for each provider, because each provider has its own migrations.
/// </summary>
public static class ServiceDatabase
{
    /// <summary>Registers <typeparamref name="TContext"/> with the provider that the configuration names, its health check and its migration step.</summary>
    /// <param name="builder">The host being built.</param>
    /// <param name="section">The configuration section of <see cref="DatabaseOptions"/>; falls back to <see cref="DatabaseOptions.Section"/> where it is absent.</param>
    /// <param name="migrationsHistoryTable">The table that lists the applied migrations; its own for each service, so that services can share a database.</param>
    public static IHostApplicationBuilder AddServiceDatabase<
        TContext,
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TSqlServer,
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TPostgres,
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TSqlite>(
        this IHostApplicationBuilder builder,
        string section,
        string migrationsHistoryTable = HistoryRepository.DefaultTableName)
        where TContext : DbContext
        where TSqlServer : TContext
        where TPostgres : TContext
        where TSqlite : TContext
    {
        var own = builder.Configuration.GetSection(section);
        var source = own.Exists() ? own : builder.Configuration.GetSection(DatabaseOptions.Section);
        var options = source.Get<DatabaseOptions>() ?? new DatabaseOptions();
        builder.Services.AddOptions<DatabaseOptions>(section).Bind(source).ValidateDataAnnotations().ValidateOnStart();
        switch (options.Provider)
        {
            case DatabaseProvider.SqlServer:
                builder.Services.AddDbContextPool<TContext, TSqlServer>((services, x) => x.UseDatabase(options, migrationsHistoryTable).AddInterceptors(services.GetRequiredService<DatabaseCircuit<TContext>>().Interceptor));
                break;
            case DatabaseProvider.Postgres:
                builder.Services.AddDbContextPool<TContext, TPostgres>((services, x) => x.UseDatabase(options, migrationsHistoryTable).AddInterceptors(services.GetRequiredService<DatabaseCircuit<TContext>>().Interceptor));
                break;
            case DatabaseProvider.Sqlite:
                builder.Services.AddDbContextPool<TContext, TSqlite>(x => x.UseDatabase(options, migrationsHistoryTable));
                break;
            default:
                throw new InvalidOperationException($"{section}:Provider is '{options.Provider}'. Set it to SqlServer, Postgres or Sqlite.");
        }

        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.TryAddSingleton<DependencyMetrics>();
        builder.Services.AddSingleton(x => ActivatorUtilities.CreateInstance<DatabaseCircuit<TContext>>(x, options));
        if (options.Provider != DatabaseProvider.Sqlite)
        {
            builder.Services.AddSingleton<IHostedService>(x => x.GetRequiredService<DatabaseCircuit<TContext>>().Circuit);
        }

        builder.Services.AddSingleton(new MigratedDatabase(typeof(TContext).Name, x => x.GetRequiredService<TContext>()));
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
            typeof(TContext).Name,
            services => ActivatorUtilities.CreateInstance<DatabaseHealthCheck<TContext>>(services),
            HealthStatus.Unhealthy,
            tags: null));
        return builder;
    }

    private sealed class DatabaseHealthCheck<TContext>(TContext database, DatabaseCircuit<TContext> circuit) : IHealthCheck
        where TContext : DbContext
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            var answers = await database.Database.CanConnectAsync(cancellationToken);
            var view = circuit.Circuit.View;
            var data = new Dictionary<string, object> { ["circuit"] = view.State, ["since"] = view.Since };
            return answers
                ? HealthCheckResult.Healthy(data: data)
                : HealthCheckResult.Unhealthy($"The database of {typeof(TContext).Name} does not answer; its circuit is {view.State}. {view.Reason}", data: data);
        }
    }
}
