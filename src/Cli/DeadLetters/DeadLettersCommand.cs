using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.Cli.Api;

namespace Pipeline.Cli.DeadLetters;

/// <summary><c>pipeline dead-letters</c>: look at what could not be done, do it again, or put it away.</summary>
internal sealed class DeadLettersCommand(ApiOptions api)
{
    private readonly (string Name, Option<string?> Option)[] _filters =
    [
        ("queue", new("--queue") { Description = "Only of this queue." }),
        ("code", new("--code") { Description = "Only with this failure code." }),
        ("exceptionGroup", new("--group") { Description = "Only of this group, as 'groups' shows them." }),
        ("agent", new("--agent") { Description = "Only of this agent." }),
        ("tenant", new("--tenant") { Description = "Only of this tenant." }),
        ("status", new("--status") { Description = "Only in this status." }),
    ];

    public static Command Create(ApiOptions api) => new DeadLettersCommand(api).Create();

    private Command Create() => new("dead-letters", "Messages that could not be processed.")
    {
        List(),
        Simple("groups", "Counts them by cause.", _ => "dead-letters/groups", (answer, _) => Screen.Table(Items(answer), "exceptionGroup", "queue", "code", "count", "firstAt", "lastAt")),
        OfOne("show", "Shows one with its headers and history.", HttpMethod.Get, ""),
        Body(),
        Replay(),
        ReplayAll(),
        Discard(),
    };

    private Command List()
    {
        var limit = new Option<int>("--limit") { Description = "At most so many, 1 to 200. Default: 50.", DefaultValueFactory = _ => 50 };
        var cursor = new Option<string?>("--cursor") { Description = "Goes on where an earlier answer ended ('next')." };
        var command = WithFilters(Simple("list", "Lists them, the newest first.", parsed =>
        {
            var query = Filter(parsed).Select(x => $"&{x.Key}={Uri.EscapeDataString((string)x.Value!)}");
            var after = parsed.GetValue(cursor) is { } text ? $"&cursor={Uri.EscapeDataString(text)}" : "";
            return $"dead-letters?limit={parsed.GetValue(limit)}{string.Concat(query)}{after}";
        }, (answer, _) =>
        {
            Screen.Table(Items(answer), "id", "queue", "code", "agent", "tenant", "status", "at");
            if (PipelineApi.Text(answer, "next") is { } next)
            {
                Console.Error.WriteLine($"more: --cursor {next}");
            }
        }));
        command.Options.Add(limit);
        command.Options.Add(cursor);
        return command;
    }

    private Command Body()
    {
        var id = Id();
        var command = new Command("body", "Writes the original bytes to standard output.") { id };
        command.SetAction((parsed, cancellationToken) => api.RunAsync(parsed, async (client, token) =>
        {
            var bytes = await client.GetBytesAsync($"dead-letters/{Uri.EscapeDataString(parsed.GetValue(id)!)}/body", token);
            await using var output = Console.OpenStandardOutput();
            await output.WriteAsync(bytes, token);
            return ExitCode.Ok;
        }, cancellationToken));
        return command;
    }

    private Command Replay()
    {
        var id = Id();
        var body = new Option<FileInfo?>("--body-file") { Description = "Send this in place of the original bytes." };
        var reason = new Option<string?>("--reason") { Description = "Why, for the records." };
        var command = new Command("replay", "Sends one to its queue again.") { id, body, reason };
        command.SetAction((parsed, cancellationToken) => api.RunAsync(parsed, async (client, token) =>
        {
            var request = new JsonObject();
            if (parsed.GetValue(body) is { } file)
            {
                request["body"] = file.Exists ? await File.ReadAllTextAsync(file.FullName, token) : throw new CommandFailedException(ExitCode.Usage, $"There is no file '{file}'.");
            }

            if (parsed.GetValue(reason) is { } why)
            {
                request["reason"] = why;
            }

            Show(parsed, await client.SendAsync(HttpMethod.Post, $"dead-letters/{Uri.EscapeDataString(parsed.GetValue(id)!)}/replay", request.ToJsonString(CliJson.Line.Options), token));
            return ExitCode.Ok;
        }, cancellationToken));
        return command;
    }

    private Command ReplayAll()
    {
        var perSecond = new Option<int>("--per-second") { Description = "How fast, so that what was mended is not buried.", Required = true };
        var command = WithFilters(new Command("replay-all", "Sends all that the filter names to their queues again; shows the replay's id.") { perSecond });
        command.SetAction((parsed, cancellationToken) => api.RunAsync(parsed, async (client, token) =>
        {
            var request = new JsonObject { ["filter"] = Filter(parsed), ["perSecond"] = parsed.GetValue(perSecond) };
            Show(parsed, await client.SendAsync(HttpMethod.Post, "dead-letters/replays", request.ToJsonString(CliJson.Line.Options), token));
            return ExitCode.Ok;
        }, cancellationToken));
        return command;
    }

    private Command Discard()
    {
        var id = new Argument<string?>("id") { Description = "The dead letter; without it, a filter.", Arity = ArgumentArity.ZeroOrOne };
        var command = WithFilters(new Command("discard", "Puts one away, or all that a filter names; a filter is then required.") { id });
        command.SetAction((parsed, cancellationToken) => api.RunAsync(parsed, async (client, token) =>
        {
            var filter = Filter(parsed);
            if (parsed.GetValue(id) is { } one)
            {
                Show(parsed, await client.SendAsync(HttpMethod.Delete, $"dead-letters/{Uri.EscapeDataString(one)}", null, token));
            }
            else if (filter.Count > 0)
            {
                Show(parsed, await client.SendAsync(HttpMethod.Post, "dead-letters/discards", new JsonObject { ["filter"] = filter }.ToJsonString(CliJson.Line.Options), token));
            }
            else
            {
                throw new CommandFailedException(ExitCode.Usage, "Name a dead letter or a filter; all of them are not discarded at once.");
            }

            return ExitCode.Ok;
        }, cancellationToken));
        return command;
    }

    private Command OfOne(string name, string description, HttpMethod method, string suffix)
    {
        var id = Id();
        var command = new Command(name, description) { id };
        command.SetAction((parsed, cancellationToken) => api.RunAsync(parsed, async (client, token) =>
        {
            Show(parsed, await client.SendAsync(method, $"dead-letters/{Uri.EscapeDataString(parsed.GetValue(id)!)}{suffix}", null, token));
            return ExitCode.Ok;
        }, cancellationToken));
        return command;
    }

    private Command Simple(string name, string description, Func<ParseResult, string> path, Action<JsonElement, ParseResult> show)
    {
        var command = new Command(name, description);
        command.SetAction((parsed, cancellationToken) => api.RunAsync(parsed, async (client, token) =>
        {
            var answer = await client.GetAsync(path(parsed), token);
            if (api.Json(parsed))
            {
                Screen.Json(answer);
            }
            else
            {
                show(answer, parsed);
            }

            return ExitCode.Ok;
        }, cancellationToken));
        return command;
    }

    private Command WithFilters(Command command)
    {
        foreach (var (_, option) in _filters)
        {
            command.Options.Add(option);
        }

        return command;
    }

    private JsonObject Filter(ParseResult parsed) =>
        new(_filters.Select(x => KeyValuePair.Create(x.Name, (JsonNode?)parsed.GetValue(x.Option))).Where(x => x.Value is not null));

    private void Show(ParseResult parsed, JsonElement answer)
    {
        if (answer.ValueKind == JsonValueKind.Undefined)
        {
            return;
        }

        if (api.Json(parsed) || answer.ValueKind != JsonValueKind.Object)
        {
            Screen.Json(answer);
            return;
        }

        foreach (var member in answer.EnumerateObject())
        {
            Console.Out.WriteLine($"{member.Name,-18} {Screen.Plain(PipelineApi.Text(answer, member.Name), 2000)}");
        }
    }

    private static Argument<string> Id() => new("id") { Description = "The dead letter." };

    private static JsonElement Items(JsonElement answer) => answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("items", out var items) ? items : answer;
}
