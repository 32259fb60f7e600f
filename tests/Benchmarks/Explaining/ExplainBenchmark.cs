using System.Diagnostics;
using System.Security.Claims;
using Microsoft.Extensions.Configuration.Memory;
using Npgsql;
using Pipeline.Benchmarks.Invocations;
using Pipeline.Benchmarks.Measurement;
using Pipeline.Benchmarks.Servers;
using Pipeline.Orchestrator;
using Pipeline.Orchestrator.Access;
using Pipeline.ServiceDefaults;

namespace Pipeline.Benchmarks.Explaining;

/// <summary>How long an operator waits for the explanation of one of many invocations: the route alone, and the command line as a process.</summary>
internal sealed class ExplainBenchmark(string postgres, int invocations, int runs, FileInfo? cli)
{
    private const string Prototype = """
        INSERT INTO invocations ("CorrelationId","CurrentState","Tenant","Agent","AgentVersion","SubmissionHash","Priority","AcceptedAt","Deadline","EndedAt","Turn","ToolCalls","InputTokens","OutputTokens","LastSeq","Degraded")
        VALUES ('00000000-0000-0000-0000-000000000000','Completed','bench','bench',1,'\x00','interactive',now() - interval '9 s',now() + interval '1 h',now(),4,6,2000,200,12,false);
        INSERT INTO invocation_timeline VALUES ('00000000-0000-0000-0000-000000000000',1,'accepted',now() - interval '9 s',0,'{"input":"x"}');
        INSERT INTO invocation_timeline SELECT '00000000-0000-0000-0000-000000000000', t * 3 - 1, 'model_answered', now() - interval '9 s' + t * interval '2 s', t,
          '{"toolCalls":[{"id":"a","name":"bench_first","arguments":"{}"},{"id":"b","name":"bench_second","arguments":"{}"}],"finishReason":"tool_calls","usage":{"inputTokens":500,"outputTokens":50},"model":"m","provider":"openai","effort":{"pool":"default","calls":1,"heldMs":300,"callMs":1500}}' FROM generate_series(1,3) t;
        INSERT INTO invocation_timeline SELECT '00000000-0000-0000-0000-000000000000', t * 3 + i, 'tool_succeeded', now() - interval '9 s' + t * interval '2 s' + interval '90 ms', t,
          '{"index":' || i || ',"tool":"bench_first","result":"' || repeat('r', 1000) || '","durationMs":40,"workerMs":45,"circuit":"closed"}' FROM generate_series(1,3) t, generate_series(0,1) i;
        INSERT INTO invocation_timeline VALUES ('00000000-0000-0000-0000-000000000000',11,'model_answered',now(),4,'{"text":"Done.","finishReason":"stop","usage":{"inputTokens":500,"outputTokens":50},"model":"m","provider":"openai","effort":{"pool":"default","calls":1,"callMs":1500}}');
        INSERT INTO invocation_timeline VALUES ('00000000-0000-0000-0000-000000000000',12,'completed',now(),4,'{"output":"Done."}');
        """;

    public async Task<Figures> RunAsync(CancellationToken cancellationToken)
    {
        using var agent = new BenchmarkAgent();
        await using var database = await PostgresDatabase.CreateAsync(postgres, "explain");
        await using var app = Build(agent, database);
        await app.MigrateAsync();
        await SeedAsync(database, cancellationToken);
        await app.StartAsync(cancellationToken);
        var address = new Uri(app.Urls.First());
        using var http = new HttpClient { BaseAddress = address };

        var failed = 0;
        var route = new List<double>(runs);
        // Other invocations each time: none is found in a cache because it was asked for before.
        for (var run = 0; run < runs + 20; run++)
        {
            var started = Stopwatch.GetTimestamp();
            using var answer = await http.GetAsync($"/invocations/{Id(run)}/explanation", cancellationToken);
            await answer.Content.ReadAsByteArrayAsync(cancellationToken);
            failed += answer.IsSuccessStatusCode ? 0 : 1;
            if (run >= 20)
            {
                route.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }
        }

        var process = new List<double>(runs);
        for (var run = 0; cli is not null && run < runs; run++)
        {
            using var command = new Process { StartInfo = new ProcessStartInfo(cli.FullName) { ArgumentList = { "explain", Id(1000 + run), "--url", address.ToString() }, RedirectStandardOutput = true } };
            var started = Stopwatch.GetTimestamp();
            command.Start();
            var page = await command.StandardOutput.ReadToEndAsync(cancellationToken);
            await command.WaitForExitAsync(cancellationToken);
            process.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            failed += command.ExitCode == 0 && page.Contains("Time by cause", StringComparison.Ordinal) ? 0 : 1;
        }

        await app.StopAsync(CancellationToken.None);
        return new Figures("explain")
            .Add("invocations", await database.QueryAsync("SELECT count(*) FROM invocations"))
            .Add("timeline entries", await database.QueryAsync("SELECT count(*) FROM invocation_timeline"))
            .Add("route, p50 ms", Percentile.Of(route, 50))
            .Add("route, p99 ms", Percentile.Of(route, 99))
            .Add("whole process, p50 ms", cli is null ? null : Percentile.Of(process, 50))
            .Add("whole process, p99 ms", cli is null ? null : Percentile.Of(process, 99))
            .Add("failed", failed);
    }

    /// <summary>As the database made it: the MD5 of a number, spread over the index as random ids are.</summary>
    private string Id(int number)
    {
#pragma warning disable CA5351 // Spreads numbers; protects nothing.
        var text = Convert.ToHexStringLower(System.Security.Cryptography.MD5.HashData(System.Text.Encoding.ASCII.GetBytes(((number * 37 % invocations) + 1).ToString(System.Globalization.CultureInfo.InvariantCulture))));
#pragma warning restore CA5351
        return Guid.ParseExact(text, "N").ToString();
    }

    private async Task SeedAsync(PostgresDatabase database, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(database.ConnectionString());
        await connection.OpenAsync(cancellationToken);
        foreach (var statement in new[]
        {
            Prototype,
            $"""INSERT INTO invocations SELECT r.* FROM invocations i CROSS JOIN generate_series(1,{invocations}) g CROSS JOIN LATERAL jsonb_populate_record(i, jsonb_build_object('CorrelationId', md5(g::text)::uuid)) r""",
            $"""INSERT INTO invocation_timeline SELECT md5(g::text)::uuid, "Seq", "Kind", "At", "Turn", "Payload" FROM invocation_timeline CROSS JOIN generate_series(1,{invocations}) g""",
            "ANALYZE",
        })
        {
            await using var command = new NpgsqlCommand(statement, connection) { CommandTimeout = 600 };
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    private static WebApplication Build(BenchmarkAgent agent, PostgresDatabase database)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        var values = agent.Settings(new Uri("http://127.0.0.1")).ToDictionary(x => x.Key.Replace("__", ":", StringComparison.Ordinal), x => x.Value);
        values["Bus:Transport"] = "InMemory";
        values["Orchestrator:Database:Provider"] = "Postgres";
        values["Orchestrator:Database:ConnectionString"] = database.ConnectionString();
        values["urls"] = "http://127.0.0.1:0";
        builder.Configuration.Sources.Add(new MemoryConfigurationSource { InitialData = values });
        builder.AddServiceDefaults("orchestrator");
        builder.AddOrchestrator();
        builder.AddPipelineBus(bus => bus.AddOrchestratorConsumers());
        var app = builder.Build();
        // access: as with authentication switched off, every request is an operator's.
        app.Use((http, next) =>
        {
            http.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Role, Caller.OperatorRole)], "benchmark"));
            return next(http);
        });
        app.MapOrchestrator();
        return app;
    }
}
