using System.Data.Common;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Pipeline.ServiceDefaults.Databases;

namespace Pipeline.ServiceDefaults;

/// <summary>How a service process is run: as a service, or as its own migration step.</summary>
public static class ServiceRun
{
    private static readonly TimeSpan DatabasePatience = TimeSpan.FromMinutes(1);

    /// <summary>
    /// <c>--migrate</c> applies the committed migrations and ends; <c>--help</c> explains; otherwise the service runs until it is told to stop.
    /// A service never migrates by itself: two replicas that start together would race.
    /// </summary>
    /// <param name="app">The service.</param>
    /// <param name="args">The command line.</param>
    /// <param name="map">Maps the routes, which builds the bus and all it needs; a migration must not need it.</param>
    /// <returns>The process's exit code: 0 stopped or migrated, 2 settings or definitions are wrong, 3 migrations are missing, 4 the database does not answer.</returns>
    public static async Task<int> RunServiceAsync(this WebApplication app, string[] args, Action map)
    {
        if (args.Contains("--help") || args.Contains("-h"))
        {
            Console.WriteLine($"""
                {app.Environment.ApplicationName}
                  (no argument)   run the service; stop with SIGTERM or Ctrl+C
                  --migrate       apply this version's database migrations, then end
                  --help          this text{string.Concat(app.Services.GetServices<ServiceCommand>().Select(x => $"\n  {x.Argument} {x.Help}"))}
                Settings come from environment variables, e.g. Database__Provider, Database__ConnectionString, Bus__Host; see README.md.
                """);
            return 0;
        }

        if (app.Services.GetServices<ServiceCommand>().FirstOrDefault(x => args.Contains(x.Argument)) is { } command)
        {
            await using var scope = app.Services.CreateAsyncScope();
            return await command.RunAsync(scope.ServiceProvider, args, app.Lifetime.ApplicationStopping);
        }

        if (args.Contains("--migrate"))
        {
            await app.MigrateAsync();
            return 0;
        }

        try
        {
            map();
            if (await MissingMigrations(app) is { } missing)
            {
                await Console.Error.WriteLineAsync(missing);
                return 3;
            }
        }
        catch (OptionsValidationException e)
        {
            return await RefuseSettings(app, e);
        }
        catch (InvalidOperationException e) when (e is not ObjectDisposedException)
        {
            // Definitions and manifests are read, and the bus is built, when the routes are mapped.
            return await RefuseSettings(app, e);
        }
        catch (DbException e)
        {
            await Console.Error.WriteLineAsync($"{app.Environment.ApplicationName} does not start: its database did not answer for '{DatabasePatience}'. {e.Message} Check Database__Provider, Database__ConnectionString and the server.");
            return 4;
        }

        try
        {
            await app.RunAsync();
            return 0;
        }
        catch (OptionsValidationException e)
        {
            return await RefuseSettings(app, e);
        }
    }

    private static async Task<int> RefuseSettings(WebApplication app, Exception exception)
    {
        await Console.Error.WriteLineAsync($"{app.Environment.ApplicationName} does not start: {exception.Message}");
        return 2;
    }

    /// <summary>Applies the migrations of every database that the process's services own, then runs what they want done after it.</summary>
    public static async Task MigrateAsync(this WebApplication app)
    {
        foreach (var database in app.Services.GetServices<MigratedDatabase>())
        {
            await using var scope = app.Services.CreateAsyncScope();
            var context = database.Resolve(scope.ServiceProvider);
            var pending = (await context.Database.GetPendingMigrationsAsync(app.Lifetime.ApplicationStopping)).ToList();
            await context.Database.MigrateAsync(app.Lifetime.ApplicationStopping);
            Console.WriteLine(pending.Count == 0 ? $"{database.Name}: up to date" : $"{database.Name}: applied {string.Join(", ", pending)}");
        }

        foreach (var step in app.Services.GetServices<AfterMigration>())
        {
            await using var scope = app.Services.CreateAsyncScope();
            Console.WriteLine($"{step.Name}: {await step.RunAsync(scope.ServiceProvider, app.Lifetime.ApplicationStopping)}");
        }
    }

    private static async Task<string?> MissingMigrations(WebApplication app)
    {
        foreach (var database in app.Services.GetServices<MigratedDatabase>())
        {
            await using var scope = app.Services.CreateAsyncScope();
            var context = database.Resolve(scope.ServiceProvider);
            var pending = await PendingMigrations(app, database.Name, context);
            if (pending.Count > 0)
            {
                return $"The database of {database.Name} lacks the migrations '{string.Join("', '", pending)}'. " +
                    $"Run '{app.Environment.ApplicationName} --migrate' once, then start the service again.";
            }
        }

        return null;
    }

    /// <summary>A service that starts together with its database waits for it a while.</summary>
    private static async Task<List<string>> PendingMigrations(WebApplication app, string name, DbContext context)
    {
        var time = app.Services.GetRequiredService<TimeProvider>();
        var giveUpAt = time.GetUtcNow() + DatabasePatience;
        while (true)
        {
            try
            {
                return [.. await context.Database.GetPendingMigrationsAsync(app.Lifetime.ApplicationStopping)];
            }
            catch (DbException e) when (time.GetUtcNow() < giveUpAt)
            {
                await Console.Error.WriteLineAsync($"The database of {name} does not answer yet: {e.Message}");
                await Task.Delay(TimeSpan.FromSeconds(1), time, app.Lifetime.ApplicationStopping);
            }
        }
    }
}
