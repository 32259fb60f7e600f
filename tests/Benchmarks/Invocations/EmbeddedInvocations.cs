using MassTransit;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration.Memory;
using Pipeline.Benchmarks.Measurement;
using Pipeline.LlmGateway;
using Pipeline.Orchestrator;
using Pipeline.ServiceDefaults;
using Pipeline.ToolWorkers;

namespace Pipeline.Benchmarks.Invocations;

/// <summary>All services, the model and the load in one process: in-memory transport, SQLite file.</summary>
internal sealed class EmbeddedInvocations(InvocationSettings settings)
{
    public async Task<Figures> RunAsync(CancellationToken cancellationToken)
    {
        using var agent = new BenchmarkAgent();
        await using var app = Build(agent);
        await app.MigrateAsync();
        await app.StartAsync(cancellationToken);
        var submitter = app.Services.GetRequiredService<BusSubmitter>();
        await InvocationLoad.RunAsync(submitter, settings.Warmup, settings.Concurrency, cancellationToken);

        GC.Collect();
        var allocated = GC.GetTotalAllocatedBytes();
        var cpu = CpuMeter.Start([ProcessTree.Own("host (services, model, load)")]);
        var (events, elapsed) = await InvocationLoad.RunAsync(submitter, settings.Count, settings.Concurrency, cancellationToken);
        var used = cpu.Stop();
        allocated = GC.GetTotalAllocatedBytes() - allocated;
        await app.StopAsync(CancellationToken.None);

        var figures = InvocationFigures.Of("embedded", settings.Count, events, elapsed, used)
            .Add("allocated KB/invocation", allocated / 1024d / settings.Count);
        SqliteConnection.ClearAllPools();
        await using (var database = new SqliteConnection(Database(agent, "orchestrator")))
        {
            await database.OpenAsync(cancellationToken);
            figures.Add("invocations not completed in the database", settings.Count + settings.Warmup - await CountAsync(database, "SELECT count(*) FROM invocations WHERE CurrentState = 'Completed'"));
            figures.Add(
                "timeline entries too many or too few",
                await CountAsync(database, "SELECT count(*) FROM invocation_timeline") - (BenchmarkAgent.TimelineEntries * (settings.Count + settings.Warmup)));
        }

        SqliteConnection.ClearAllPools();
        return figures;
    }

    private static async Task<double> CountAsync(SqliteConnection database, string sql)
    {
        await using var command = database.CreateCommand();
#pragma warning disable CA2100 // Two constants, above.
        command.CommandText = sql;
#pragma warning restore CA2100
        return Convert.ToDouble(await command.ExecuteScalarAsync(), System.Globalization.CultureInfo.InvariantCulture);
    }

    private static string Database(BenchmarkAgent agent, string name) => $"Data Source={Path.Combine(agent.Folder, name + ".db")}";

    private static WebApplication Build(BenchmarkAgent agent)
    {
        var url = new Uri($"http://127.0.0.1:{FreePort()}");
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        var values = agent.Settings(url).ToDictionary(x => x.Key.Replace("__", ":", StringComparison.Ordinal), x => x.Value);
        values["Bus:Transport"] = "InMemory";
        values["Orchestrator:Database:Provider"] = "Sqlite";
        values["Orchestrator:Database:ConnectionString"] = Database(agent, "orchestrator");
        values["Tools:Database:Provider"] = "Sqlite";
        values["Tools:Database:ConnectionString"] = Database(agent, "tools");
        values["Llm:Database:Provider"] = "Sqlite";
        values["Llm:Database:ConnectionString"] = Database(agent, "gateway");
        values["urls"] = url.ToString();
        builder.Configuration.Sources.Add(new MemoryConfigurationSource { InitialData = values });
        builder.AddServiceDefaults("embedded-host");
        builder.AddOrchestrator();
        builder.AddToolWorkers();
        builder.AddLlmGateway();
        BenchmarkService.AddTools(builder.Services);
        builder.AddPipelineBus(bus =>
        {
            bus.AddOrchestratorConsumers();
            bus.AddToolWorkersConsumers();
            bus.AddLlmGatewayConsumers();
            bus.AddConsumer<BusSubmitter>();
            bus.AddReceiveEndpoints(_ => [BusSubmitter.Endpoint]);
        });
        // After AddConsumer, which registers it for each scope: there is one book.
        builder.Services.AddSingleton<BusSubmitter>();
        var app = builder.Build();
        app.MapServiceDefaults();
        app.MapOrchestrator();
        ModelEndpoint.Map(app);
        return app;
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}
