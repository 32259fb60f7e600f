using System.Text;
using Npgsql;
using Pipeline.Benchmarks.Measurement;

namespace Pipeline.Benchmarks.Limiter;

/// <summary>
/// Keys that exist nowhere else, through everything that could spill them: kills, refused keys, errors that quote the key, bodies that are no
/// answers, messages that are no requests. Then they are looked for wherever the gateway leaves something behind.
/// </summary>
internal sealed class KeyCanaries(LimiterSettings settings) : ILimiterScenario
{
    private static readonly string[] Pages = ["metrics", "health/ready", "health/live", "llm"];

    // A key that was refused may stay locked: what waits for it ends at its deadline.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly List<string> _answers = [];

    public async Task<LimiterResult> RunAsync(CancellationToken cancellationToken)
    {
        var targets = new Targets();
        await using var rig = await LimiterRig.CreateAsync(settings, "canary");
        rig.Set("Logging__LogLevel__Default", "Debug");
        rig.Set("Serilog__MinimumLevel__Default", "Debug");
        var lanes = new List<Lane>();
        var keys = new List<string>();
        foreach (var shape in settings.Shapes)
        {
            var own = Enumerable.Range(1, 2).ToDictionary(x => $"key-{x}", _ => $"sk-canary-{MassTransit.NewId.NextGuid():N}");
            keys.AddRange(own.Values);
            lanes.Add(await Lane.AddAsync(rig, shape, settings.CallsPerSecond, own, cancellationToken));
        }

        await rig.StartGatewaysAsync(2, lanes.Select(x => x.Pool), cancellationToken);
        rig.Callers.Saw = body =>
        {
            lock (_answers)
            {
                _answers.Add(Encoding.UTF8.GetString(body.Span));
            }
        };
        foreach (var (lane, index) in lanes.Select((x, i) => (x, i)))
        {
            lane.KeepBusy(seed: 500 + index, Patience, cancellationToken);
            await rig.Callers.PublishGarbageAsync(lane.Pool, $"{{\"not\": \"a request\", \"of\": \"{lane.Pool}\"", cancellationToken);
            await rig.Callers.PublishGarbageAsync(lane.Pool, "{\"messageType\":[\"urn:message:Pipeline.Contracts.Completions:RequestCompletion\"],\"message\":{\"turn\":\"none\"}}", cancellationToken);
        }

        var faults = await BreakAsync(rig, lanes, keys, cancellationToken);
        foreach (var lane in lanes)
        {
            await lane.StopAsync();
        }

        // While requests wait, and the last errors are fresh: a database that holds nothing proves nothing.
        var places = new List<(string Name, string Text)>();
        foreach (var gateway in rig.Gateways)
        {
            places.AddRange(await PagesAsync(gateway.Url, cancellationToken));
        }

        places.Add(("database", await DumpAsync(rig.Database, cancellationToken)));
        await rig.Callers.WhenAllAnsweredAsync(TimeSpan.FromMinutes(5), cancellationToken);
        places.Add(("database at the end", await DumpAsync(rig.Database, cancellationToken)));
        var left = 0;
        foreach (var queue in await rig.Broker.QueuesAsync(cancellationToken))
        {
            foreach (var (body, headers) in await rig.Callers.LookIntoAsync(queue, cancellationToken))
            {
                places.Add(($"queue {queue}", Encoding.UTF8.GetString(body) + headers));
                left++;
            }
        }

        lock (_answers)
        {
            places.Add(("answers", string.Join('\n', _answers)));
        }

        await rig.StopGatewaysAsync();
        places.AddRange(Directory.EnumerateFiles(rig.Folder, "gateway-*.log").Select(x => (Path.GetFileName(x), ReadShared(x))));
        places.Add(("Pipeline.LlmGateway-migrate.log", ReadShared(Path.Combine(rig.Folder, "Pipeline.LlmGateway-migrate.log"))));
        var hits = keys.SelectMany(Forms).SelectMany(form => places.Where(x => x.Text.Contains(form, StringComparison.OrdinalIgnoreCase)).Select(x => x.Name)).ToList();
        foreach (var place in hits.Distinct())
        {
            LimiterVerb.Say($"a key was found in '{place}'");
        }

        // The same search finds what has to be there: else it looked at nothing.
        var served = rig.Callers.Calls.Select(x => x.Id.ToString()).ToHashSet(StringComparer.Ordinal);
        var readable = places.Where(x => x.Name.StartsWith("gateway-", StringComparison.Ordinal) || x.Name is "answers" || x.Name == "database at the end").GroupBy(x => x.Name)
            .Count(x => served.Any(id => x.Any(place => place.Text.Contains(id, StringComparison.OrdinalIgnoreCase))));
        targets.Exactly("keys found", hits.Count, 0);
        targets.Least("places in which an invocation's id was found, so that a key would have been", readable, 3);
        targets.Least("messages left in queues that were searched", left, lanes.Count);
        targets.Exactly("requests without an answer", rig.Callers.Outstanding, 0);
        var figures = new Figures("canary keys")
            .Add("keys", keys.Count)
            .Add("forms of each", Forms(keys[0]).Count())
            .Add("kills", faults.Kills)
            .Add("faults", faults.Faults)
            .Add("requests", rig.Callers.Calls.Count)
            .Add("of them failed", rig.Callers.Calls.Count(x => x.FailureCode is not null))
            .Add("messages left in queues", left)
            .Add("places searched", places.Count)
            .Add("characters searched", places.Sum(x => (double)x.Text.Length))
            .Add("keys found", hits.Count);
        return new LimiterResult([figures], [], targets, "Searched: logs of all gateways (debug level), /metrics, /health, /llm, every message left in every queue with its headers, all answers, every row of every table twice.");
    }

    private async Task<(int Kills, int Faults)> BreakAsync(LimiterRig rig, List<Lane> lanes, List<string> keys, CancellationToken cancellationToken)
    {
        object Quoting(int status, string code) => new { kind = "status", status, code, seconds = 4, share = 0.5, message = $"Incorrect API key provided: {keys[0]} and {string.Join(", ", keys.Skip(1))}. See https://example.org/?key={keys[0]}" };
        object[] faults =
        [
            Quoting(500, "server_error"), new { kind = "garbage", seconds = 4, share = 0.5 }, Quoting(429, "rate_limit_exceeded"), new { kind = "truncate", seconds = 4, share = 0.5 },
            Quoting(400, "invalid_request_error"), new { kind = "abort", seconds = 4, share = 0.5 }, Quoting(503, "overloaded"), Quoting(403, "permission_denied"), Quoting(401, "invalid_api_key"),
        ];
        var until = TimeProvider.System.GetUtcNow() + settings.Length;
        var (kills, number) = (0, 0);
        await Task.Delay(TimeSpan.FromSeconds(15), cancellationToken);
        while (TimeProvider.System.GetUtcNow() < until || number < faults.Length)
        {
            foreach (var lane in lanes)
            {
                await lane.Simulator.BreakAsync(faults[number % faults.Length], cancellationToken);
            }

            await Task.Delay(TimeSpan.FromSeconds(7), cancellationToken);
            if (++number % 4 == 0 && await rig.KillOwnerAsync(lanes[kills % lanes.Count].Pool, [], cancellationToken) is not null)
            {
                kills++;
            }
        }

        return (kills, number * lanes.Count);
    }

    private static async Task<List<(string Name, string Text)>> PagesAsync(Uri gateway, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = gateway };
        http.DefaultRequestHeaders.Add("X-Api-Key", LimiterRig.OperatorKey);
        var found = new List<(string, string)>();
        foreach (var page in Pages)
        {
            try
            {
                using var answer = await http.GetAsync(page, cancellationToken);
                found.Add(($"page /{page} ({(int)answer.StatusCode})", await answer.Content.ReadAsStringAsync(cancellationToken)));
            }
            catch (HttpRequestException)
            {
                LimiterVerb.Say($"'{gateway}{page}' did not answer; a gateway that was just started");
            }
        }

        return found;
    }

    /// <summary>Every row of every table as JSON; bytes both as they are and as text.</summary>
    private static async Task<string> DumpAsync(Servers.PostgresDatabase database, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(database.ConnectionString()) { Pooling = false }.ConnectionString);
        await connection.OpenAsync(cancellationToken);
        var tables = new List<string>();
        await using (var names = new NpgsqlCommand("SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')", connection))
        await using (var rows = await names.ExecuteReaderAsync(cancellationToken))
        {
            while (await rows.ReadAsync(cancellationToken))
            {
                tables.Add(rows.GetString(0));
            }
        }

        var text = new StringBuilder();
        foreach (var table in tables)
        {
            await using var command = new NpgsqlCommand($"SELECT * FROM {table}", connection);
            await using var rows = await command.ExecuteReaderAsync(cancellationToken);
            while (await rows.ReadAsync(cancellationToken))
            {
                for (var column = 0; column < rows.FieldCount; column++)
                {
                    var value = rows.GetValue(column);
                    text.Append(value is byte[] bytes ? Encoding.Latin1.GetString(bytes) : value).Append('\n');
                }
            }
        }

        return text.ToString();
    }

    /// <summary>The key itself, the part behind its prefix, and it in base64 wherever it stands in a longer text.</summary>
    private static IEnumerable<string> Forms(string key)
    {
        yield return key;
        yield return key["sk-canary-".Length..];
        yield return Convert.ToHexStringLower(Encoding.UTF8.GetBytes(key));
        for (var offset = 0; offset < 3; offset++)
        {
            // Without the characters that depend on what is before and behind it.
            var encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(new string(' ', offset) + key));
            yield return encoded[4..^4];
        }
    }

    private static string ReadShared(string file)
    {
        if (!File.Exists(file))
        {
            return "";
        }

        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
