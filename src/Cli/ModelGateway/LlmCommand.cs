using System.CommandLine;
using System.Text.Json;
using Pipeline.Cli.Api;

namespace Pipeline.Cli.ModelGateway;

/// <summary><c>pipeline llm</c>: what waits at the LLM gateway and for what, and what its calls took. The gateway is another service: it has its own address and key.</summary>
internal static class LlmCommand
{
    /// <summary>Where the gateway and its operator key are looked for before the orchestrator's.</summary>
    private static readonly ServiceVariables Gateway = new("PIPELINE_LLM_URL", "PIPELINE_LLM_OPERATOR_KEY");

    public static Command Create(ApiOptions api) => new(
        "llm", "The LLM gateway: --url or PIPELINE_LLM_URL is its address, PIPELINE_LLM_OPERATOR_KEY or --api-key-file its operator key (Llm__OperatorKey).")
    {
        Status(api),
        Usage(api),
    };

    private static Command Status(ApiOptions api)
    {
        var watch = new Option<bool>("--watch") { Description = "Again every two seconds, until interrupted." };
        var command = new Command("status", "Shows pools, limit domains and keys: what waits, what is left of the limits, which key is out of use and why.") { watch };
        command.SetAction((parsed, cancellationToken) => api.RunAsync(parsed, Gateway, async (client, token) =>
        {
            using var timer = new PeriodicTimer(TimeSpan.FromSeconds(2));
            do
            {
                Show(api, parsed, await client.GetAsync("llm", token));
            }
            while (parsed.GetValue(watch) && await timer.WaitForNextTickAsync(token));
            return ExitCode.Ok;
        }, cancellationToken));
        return command;
    }

    private static Command Usage(ApiOptions api)
    {
        var since = new Option<DateTimeOffset?>("--from") { Description = "Only calls from this time on, e.g. 2026-11-25T00:00Z." };
        var until = new Option<DateTimeOffset?>("--to") { Description = "Only calls before this time." };
        var by = new Option<string?>("--by") { Description = "tenant (default), agent, key, model, pool or day." };
        var command = new Command("usage", "Shows calls and billed tokens, of the last day where no times are given.") { since, until, by };
        command.SetAction((parsed, cancellationToken) => api.RunAsync(parsed, Gateway, async (client, token) =>
        {
            var filters = new (string Name, string? Value)[] { ("from", parsed.GetValue(since)?.ToString("O")), ("to", parsed.GetValue(until)?.ToString("O")), ("by", parsed.GetValue(by)) };
            var query = string.Join('&', filters.Where(x => x.Value is not null).Select(x => $"{x.Name}={Uri.EscapeDataString(x.Value!)}"));
            Show(api, parsed, await client.GetAsync(query.Length == 0 ? "llm/usage" : $"llm/usage?{query}", token));
            return ExitCode.Ok;
        }, cancellationToken));
        return command;
    }

    private static void Show(ApiOptions api, ParseResult parsed, JsonElement answer)
    {
        if (api.Json(parsed))
        {
            Screen.Json(answer);
        }
        else if (answer.ValueKind == JsonValueKind.Array)
        {
            Table(answer);
        }
        else
        {
            Sections(answer, "");
        }
    }

    /// <summary>Each list of the answer is a table under its name, whatever a newer gateway adds.</summary>
    private static void Sections(JsonElement answer, string path)
    {
        foreach (var member in answer.EnumerateObject())
        {
            var name = path.Length == 0 ? member.Name : $"{path}.{member.Name}";
            switch (member.Value.ValueKind)
            {
                case JsonValueKind.Array:
                    Console.Out.WriteLine($"{name}:");
                    Table(member.Value);
                    Console.Out.WriteLine();
                    break;

                case JsonValueKind.Object:
                    Sections(member.Value, name);
                    break;

                default:
                    Console.Out.WriteLine($"{name}: {Screen.Plain(member.Value.ToString())}");
                    break;
            }
        }
    }

    private static void Table(JsonElement items)
    {
        var columns = items.EnumerateArray().Where(x => x.ValueKind == JsonValueKind.Object)
            .SelectMany(x => x.EnumerateObject()).Where(x => x.Value.ValueKind is not (JsonValueKind.Array or JsonValueKind.Object)).Select(x => x.Name).Distinct().ToArray();
        if (columns.Length == 0)
        {
            Console.Out.WriteLine(items.GetArrayLength() == 0 ? "(none)" : Screen.Plain(items.GetRawText()));
            return;
        }

        Screen.Table(items, columns);
        foreach (var item in items.EnumerateArray().Where(x => x.ValueKind == JsonValueKind.Object))
        {
            var name = Screen.Plain(item.EnumerateObject().First().Value.ToString(), 60);
            foreach (var member in item.EnumerateObject())
            {
                if (member.Value.ValueKind == JsonValueKind.Array && member.Value.GetArrayLength() > 0)
                {
                    Console.Out.WriteLine();
                    Console.Out.WriteLine($"{name} {member.Name}:");
                    Table(member.Value);
                }
                else if (member.Value.ValueKind == JsonValueKind.Object)
                {
                    Console.Out.WriteLine();
                    Sections(member.Value, $"{name} {member.Name}");
                }
            }
        }
    }
}
