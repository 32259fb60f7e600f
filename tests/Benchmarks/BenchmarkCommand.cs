using System.CommandLine;
using Pipeline.Benchmarks.EventCost;
using Pipeline.Benchmarks.Explaining;
using Pipeline.Benchmarks.Incident;
using Pipeline.Benchmarks.Invocations;
using Pipeline.Benchmarks.Limiter;
using Pipeline.Benchmarks.Measurement;
using Pipeline.Benchmarks.Overload;
using Pipeline.Benchmarks.Store;
using Pipeline.Benchmarks.Waiting;

namespace Pipeline.Benchmarks;

/// <summary>The command line. Exit codes: 0 measured, 1 something was lost or failed, 2 the command was not understood.</summary>
internal static class BenchmarkCommand
{
    public static RootCommand Create(string[] commandLine)
    {
        var options = new SharedOptions();
        return new RootCommand(
            "Measures the pipeline and its saga store. Build in Release. RabbitMQ and PostgreSQL are not started here: scripts/servers.sh up rabbitmq postgres. " +
            "Every measurement makes its own database and virtual host and deletes them. Exit code 0: measured; 1: something was lost or failed; 2: the command was not understood.")
        {
            InvocationsVerb(options, commandLine),
            StoreVerb(options, commandLine),
            EventCostVerb(options, commandLine),
            IncidentVerb(options, commandLine),
            OverloadVerb(options, commandLine),
            ExplainVerb(options, commandLine),
            WaitingVerb(options, commandLine),
            LimiterVerb.Create(options, commandLine),
            ServeVerb(),
        };
    }

    private static Command InvocationsVerb(SharedOptions shared, string[] commandLine)
    {
        var transport = new Option<string>("--transport") { Description = "embedded: one process, in-memory transport, SQLite. rabbitmq: a process for each service, quorum queues, PostgreSQL.", Required = true };
        transport.AcceptOnlyFromAmong("embedded", "rabbitmq");
        var count = SharedOptions.Count("--count", "Invocations that are measured.", 2000);
        var warmup = SharedOptions.Count("--warmup", "Invocations before them.", 500, least: 0);
        var concurrency = SharedOptions.Count("--concurrency", "Invocations at a time.", 32);
        var verb = new Command("invocations", "Two model turns and two parallel tools, none of which does any work: what the pipeline itself costs.") { transport, count, warmup, concurrency };
        shared.AddTo(verb);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            var embedded = parsed.GetValue(transport) == "embedded";
            if (shared.Servers(parsed, needsRabbitMq: !embedded, needsPostgres: !embedded) is not { } servers)
            {
                return 2;
            }

            var settings = new InvocationSettings { Servers = servers, Count = parsed.GetValue(count), Warmup = parsed.GetValue(warmup), Concurrency = parsed.GetValue(concurrency) };
            var report = new Report("invocations", commandLine, parsed.GetValue(shared.Json));
            var figures = await (embedded ? new EmbeddedInvocations(settings).RunAsync(cancellationToken) : new RabbitMqInvocations(settings).RunAsync(cancellationToken));
            await report.WriteAsync([figures], [], embedded
                ? "One process holds the services, the model and the load; submissions go over the in-memory bus."
                : "Transactions are all commits of the orchestrator's database from the start of the services to their end: warm-up, health checks, sweeper and removal of confirmed messages included.");
            return InvocationFigures.AreClean(figures) ? 0 : 1;
        });
        return verb;
    }

    private static Command OverloadVerb(SharedOptions shared, string[] commandLine)
    {
        var seconds = SharedOptions.Count("--seconds", "How long the load lasts; the callers who were deferred come back for about nine times as long.", 120);
        var times = SharedOptions.Count("--times", "The load, in multiples of the measured capacity.", 10);
        var cap = SharedOptions.Count("--cap", "The most invocations that may be open.", 60);
        var verb = new Command("overload", "Many times the capacity, from callers that wait for an answer and obey retry-after once: two orchestrators, RabbitMQ, PostgreSQL, a model of fixed speed.") { seconds, times, cap };
        shared.AddTo(verb);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            if (shared.Servers(parsed, needsRabbitMq: true, needsPostgres: true) is not { } servers)
            {
                return 2;
            }

            var report = new Report("overload", commandLine, parsed.GetValue(shared.Json));
            var (figures, missed) = await new OverloadBenchmark(new OverloadSettings
            {
                Servers = servers,
                Load = TimeSpan.FromSeconds(parsed.GetValue(seconds)),
                Times = parsed.GetValue(times),
                Cap = parsed.GetValue(cap),
            }).RunAsync(cancellationToken);
            await report.WriteAsync([figures], [], missed.Count == 0 ? "Every target was met." : $"MISSED: {string.Join("; ", missed)}.");
            return missed.Count == 0 ? 0 : 1;
        });
        return verb;
    }

    private static Command EventCostVerb(SharedOptions shared, string[] commandLine)
    {
        var events = SharedOptions.Count("--events", "Events of the orchestrator's saga; five make an invocation.", 5000, least: 5);
        var concurrency = SharedOptions.Count("--concurrency", "Invocations at a time.", 16);
        var verb = new Command("event-cost", "Database transactions for one event of the orchestrator's saga, on PostgreSQL.") { events, concurrency };
        shared.AddTo(verb);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            if (shared.Servers(parsed, needsRabbitMq: false, needsPostgres: true) is not { } servers)
            {
                return 2;
            }

            var report = new Report("event-cost", commandLine, parsed.GetValue(shared.Json));
            var figures = await new EventCostBenchmark(new EventCostSettings { Servers = servers, Events = parsed.GetValue(events), Concurrency = parsed.GetValue(concurrency) }).RunAsync(cancellationToken);
            await report.WriteAsync([figures], [], "In-memory transport; model and tools answer at once and have no database. The background is what an idle process commits in the same time, its start included; under load the batched removal of confirmed messages comes on top and is part of the first figure.");
            return InvocationFigures.AreClean(figures) ? 0 : 1;
        });
        return verb;
    }

    private static Command ExplainVerb(SharedOptions shared, string[] commandLine)
    {
        var invocations = SharedOptions.Count("--invocations", "Invocations in the database, each with 12 timeline entries.", 100_000);
        var runs = SharedOptions.Count("--runs", "Explanations that are measured.", 50);
        var cli = new Option<FileInfo?>("--cli") { Description = "The published command line, Pipeline.Cli; without it only the route is measured." };
        var verb = new Command("explain", "Explains invocations among many: the route alone, and the command line as a process.") { invocations, runs, cli };
        shared.AddTo(verb);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            if (shared.Servers(parsed, needsRabbitMq: false, needsPostgres: true) is not { } servers)
            {
                return 2;
            }

            var report = new Report("explain", commandLine, parsed.GetValue(shared.Json));
            var figures = await new ExplainBenchmark(servers.Postgres!, parsed.GetValue(invocations), parsed.GetValue(runs), parsed.GetValue(cli)).RunAsync(cancellationToken);
            await report.WriteAsync([figures], [], "Another invocation each time. The whole process is start, request and output of 'pipeline explain <id>'.");
            return figures["failed"] == 0 ? 0 : 1;
        });
        return verb;
    }

    private static Command IncidentVerb(SharedOptions shared, string[] commandLine)
    {
        var scales = new Option<int[]>("--scale") { Description = "Times 12 000 invocations a day; several are run one after another. Default: 1 10 100.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [1, 10, 100] };
        var healthy = SharedOptions.Count("--healthy", "Seconds before the incident, more where 40 invocations take longer.", 60, least: 5);
        var dead = SharedOptions.Count("--dead", "Seconds in which one tool answers nothing, more where 80 invocations take longer.", 90, least: 10);
        var recovered = SharedOptions.Count("--recovered", "Seconds after it, more where 20 invocations take longer.", 60, least: 10);
        var chart = new Option<FileInfo?>("--chart") { Description = "Draw the largest scale into this SVG file." };
        var verb = new Command("incident", "The reference incident: one tool hangs. Tool workers over RabbitMQ and PostgreSQL, and beside them, under the same arrivals, ten waiting agents without a breaker.") { scales, healthy, dead, recovered, chart };
        shared.AddTo(verb);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            if (shared.Servers(parsed, needsRabbitMq: true, needsPostgres: true) is not { } servers)
            {
                return 2;
            }

            var report = new Report("incident", commandLine, parsed.GetValue(shared.Json));
            var (all, rounds) = (new List<Figures>(), new List<Figures>());
            foreach (var scale in parsed.GetValue(scales)!.Order())
            {
                var settings = new IncidentSettings
                {
                    Servers = servers,
                    Scale = scale,
                    Healthy = IncidentSettings.LengthAt(scale, parsed.GetValue(healthy), 40),
                    Dead = IncidentSettings.LengthAt(scale, parsed.GetValue(dead), 80),
                    Recovered = IncidentSettings.LengthAt(scale, parsed.GetValue(recovered), 20),
                };
                var (figures, seconds) = await new IncidentBenchmark(settings).RunAsync(cancellationToken);
                all.Add(figures);
                rounds.AddRange(seconds);
                if (parsed.GetValue(chart) is { } file)
                {
                    file.Directory?.Create();
                    await File.WriteAllTextAsync(file.FullName, IncidentChart.Draw(settings, seconds), cancellationToken);
                }
            }

            var judged = all.SelectMany(x => IncidentTarget.Judge(x).Select(y => (Line: $"{x.Name}: {y}", y.IsMet))).ToList();
            await report.WriteAsync(all, rounds, string.Join(Environment.NewLine, judged.Select(x => x.Line)) + Environment.NewLine + "The tool workers are a process of their own; the agents are in this program and wait as the orchestrator does, by message; orchestrator, gateway and model are left out. The breaker's settings are the defaults but for slowCallSeconds 1. The naive design has no bus and no database, which flatters it.");
            return judged.All(x => x.IsMet) ? 0 : 1;
        });
        return verb;
    }

    private static Command WaitingVerb(SharedOptions shared, string[] commandLine)
    {
        var count = SharedOptions.Count("--count", "Invocations that wait at once.", 10_000, least: 10);
        var waitsFor = new Option<string>("--for") { Description = "tool or model: what they wait for. Default: tool.", DefaultValueFactory = _ => "tool" };
        waitsFor.AcceptOnlyFromAmong("tool", "model");
        var verb = new Command("waiting", "Many invocations that wait for one tool or one model that does not answer: threads, connections and memory of the services, agents beside them, and their end. RabbitMQ, PostgreSQL; on Linux.") { count, waitsFor };
        shared.AddTo(verb);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            if (shared.Servers(parsed, needsRabbitMq: true, needsPostgres: true) is not { } servers)
            {
                return 2;
            }

            var report = new Report("waiting", commandLine, parsed.GetValue(shared.Json));
            var (figures, missed) = await new WaitingBenchmark(new WaitingSettings { Servers = servers, Count = parsed.GetValue(count), ForModel = parsed.GetValue(waitsFor) == "model" }).RunAsync(cancellationToken);
            await report.WriteAsync([.. figures.Take(3)], [.. figures.Skip(3)], missed.Count == 0 ? "Every target was met." : $"MISSED: {string.Join("; ", missed)}.");
            Console.WriteLine(Figures.Table([.. figures.Skip(3)]));
            return missed.Count == 0 ? 0 : 1;
        });
        return verb;
    }

    /// <summary>The processes that this program starts of itself.</summary>
    private static Command ServeVerb()
    {
        var role = new Argument<string>("role");
        role.AcceptOnlyFromAmong(BenchmarkService.Model, BenchmarkService.Tools, BenchmarkService.IncidentTools, BenchmarkService.WaitingModel, BenchmarkService.WaitingTools);
        var migrate = new Option<bool>("--migrate");
        var verb = new Command("serve", "A process of the benchmark's own.") { role, migrate };
        verb.Hidden = true;
        verb.SetAction((parsed, _) => BenchmarkService.RunAsync(parsed.GetValue(role)!, parsed.GetValue(migrate)));
        return verb;
    }

    private static Command StoreVerb(SharedOptions shared, string[] commandLine)
    {
        var database = new Option<string>("--database") { Description = "postgres.", DefaultValueFactory = _ => "postgres" };
        database.AcceptOnlyFromAmong("postgres");
        var transport = new Option<string>("--transport") { Description = "in-memory or rabbitmq.", DefaultValueFactory = _ => "in-memory" };
        transport.AcceptOnlyFromAmong("in-memory", "rabbitmq");
        var variant = new Option<string>("--variant") { Description = "row-store, inbox-outbox-tables, no-outbox, or all: interleaved.", DefaultValueFactory = _ => StoreVariant.All };
        variant.AcceptOnlyFromAmong([.. StoreVariant.Each, StoreVariant.All]);
        var sagas = SharedOptions.Count("--sagas", "Sagas of one measurement.", 2000);
        var warmup = SharedOptions.Count("--warmup", "Sagas before the measurement.", 500, least: 0);
        var concurrency = SharedOptions.Count("--concurrency", "Sagas at a time.", 16);
        var rounds = SharedOptions.Count("--rounds", "Measurements of each variant, interleaved; the table shows the medians.", 3);
        var reset = new Option<bool>("--reset-connections") { Description = "Let Npgsql reset each connection it takes from its pool (its default): a transaction more for each use." };
        var prepare = new Option<int>("--auto-prepare") { Description = "Npgsql's 'Max Auto Prepare'; 0 prepares nothing (its default).", DefaultValueFactory = _ => 0 };
        var verb = new Command("store", "The saga store alone: a saga of three events, several ways to keep it.") { database, transport, variant, sagas, warmup, concurrency, rounds, reset, prepare };
        shared.AddTo(verb);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            var overRabbitMq = parsed.GetValue(transport) == "rabbitmq";
            if (shared.Servers(parsed, needsRabbitMq: overRabbitMq, needsPostgres: true) is not { } servers)
            {
                return 2;
            }

            var report = new Report("store", commandLine, parsed.GetValue(shared.Json));
            var (medians, rounded) = await new StoreBenchmark(new StoreSettings
            {
                Servers = servers,
                OverRabbitMq = overRabbitMq,
                Variant = parsed.GetValue(variant)!,
                Sagas = parsed.GetValue(sagas),
                Warmup = parsed.GetValue(warmup),
                Concurrency = parsed.GetValue(concurrency),
                Rounds = parsed.GetValue(rounds),
                ResetConnections = parsed.GetValue(reset),
                AutoPrepare = parsed.GetValue(prepare),
            }).RunAsync(cancellationToken);
            await report.WriteAsync(medians, rounded, "Transactions are all commits of the database from the start of the client to its end: warm-up, sweeper and removal of confirmed messages included.");
            return rounded.All(x => x["not finished"] == 0) ? 0 : 1;
        });
        return verb;
    }
}
