using System.CommandLine;
using Pipeline.Benchmarks.Measurement;

namespace Pipeline.Benchmarks.Limiter;

/// <summary>The verb <c>limiter</c>: what the gateway does with a provider's limits, judged by the provider's own ledger.</summary>
internal static class LimiterVerb
{
    private const string AllShapes = "all";

    // What differs from verb to verb: the longest that is worth it.
    private static readonly Dictionary<string, (int Minutes, Func<LimiterSettings, ILimiterScenario> Create)> Scenarios = new(StringComparer.Ordinal)
    {
        ["saturation"] = (10, x => new Saturation(x)),
        ["incident"] = (1, x => new FortyAgents(x)),
        ["kill-owner"] = (5, x => new OwnerKills(x)),
        ["tenants"] = (4, x => new NoisyTenant(x)),
        ["errors"] = (2, x => new ProviderErrors(x)),
        ["decisions"] = (1, x => new DecisionSpeed(x)),
        ["held"] = (6, x => new ManyHeld(x)),
        ["canary"] = (2, x => new KeyCanaries(x)),
    };

    public static Command Create(SharedOptions shared, string[] commandLine)
    {
        var scenario = new Option<string>("--scenario") { Description = $"One of {string.Join(", ", Scenarios.Keys)}.", Required = true };
        scenario.AcceptOnlyFromAmong([.. Scenarios.Keys]);
        var shapes = new Option<string[]>("--shape") { Description = "How the provider counts; several run side by side. Default: all for saturation, sliding and openai for kill-owner, openai for the others.", AllowMultipleArgumentsPerToken = true };
        shapes.AcceptOnlyFromAmong([.. ProviderShape.All.Select(x => x.Name), AllShapes]);
        var replicas = new Option<int[]>("--replicas") { Description = "Gateway processes, of saturation; several counts run one after another. Default: 1 2 4.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [1, 2, 4] };
        var minutes = SharedOptions.Count("--minutes", "The span that is measured; 0 is the scenario's own. saturation 10, kill-owner 5, tenants 4 twice, held 6 until the deadline, canary 2.", 0, least: 0);
        var warmUp = SharedOptions.Count("--warm-up", "Seconds before it, of saturation and tenants; then the next whole minute begins it.", 120, least: 0);
        var rate = SharedOptions.Count("--rate", "Calls a second that each shape's limit lets through.", 10);
        var held = SharedOptions.Count("--held", "Requests that are held, of held and decisions.", 100_000);
        var logs = new Option<DirectoryInfo?>("--logs") { Description = "Keep the logs of all processes here." };
        var verb = new Command("limiter", "The gateway against providers that count: gateways, providers, RabbitMQ and PostgreSQL as processes, requests straight to llm.<pool>, judged by the providers' ledgers. Exit code 1: something that had to be shown was not.")
        {
            scenario, shapes, replicas, minutes, warmUp, rate, held, logs,
        };
        shared.AddTo(verb);
        verb.SetAction(async (parsed, cancellationToken) =>
        {
            var name = parsed.GetValue(scenario)!;
            var needsServers = name != "decisions";
            if (shared.Servers(parsed, needsRabbitMq: needsServers, needsPostgres: needsServers) is not { } servers)
            {
                return 2;
            }

            var report = new Report($"limiter {name}", commandLine, parsed.GetValue(shared.Json));
            var (usualMinutes, create) = Scenarios[name];
            var result = await create(new LimiterSettings
            {
                Servers = servers,
                Shapes = ShapesOf(name, parsed.GetValue(shapes) ?? []),
                Replicas = parsed.GetValue(replicas)!,
                Length = TimeSpan.FromMinutes(parsed.GetValue(minutes) is var given and > 0 ? given : usualMinutes),
                WarmUp = TimeSpan.FromSeconds(parsed.GetValue(warmUp)),
                CallsPerSecond = parsed.GetValue(rate),
                Held = parsed.GetValue(held),
                Logs = parsed.GetValue(logs),
            }).RunAsync(cancellationToken);
            await report.WriteAsync(result.Figures, result.Rounds, $"{result.Targets}{Environment.NewLine}{result.Notes}");
            return result.Targets.AreMet ? 0 : 1;
        });
        return verb;
    }

    public static void Say(string text) => Console.Error.WriteLine($"  {TimeProvider.System.GetUtcNow():HH:mm:ss} {text}");

    private static List<ProviderShape> ShapesOf(string scenario, string[] names)
    {
        if (names.Length == 0)
        {
            names = scenario switch
            {
                "saturation" => [AllShapes],
                "kill-owner" => ["sliding", "openai"],
                "canary" => ["openai", "anthropic"],
                _ => ["openai"],
            };
        }

        return [.. ProviderShape.All.Where(x => names.Contains(AllShapes) || names.Contains(x.Name))];
    }
}
