using System.Collections.Concurrent;
using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Pipeline.Cli.Api;

namespace Pipeline.Cli.Submissions;

/// <summary><c>pipeline submit</c>: one invocation by options, or a file of them.</summary>
internal sealed class SubmitCommand(ApiOptions api)
{
    private readonly Option<string?> _tenant = new("--tenant") { Description = "Who asks." };
    private readonly Option<string?> _agent = new("--agent") { Description = "The agent to run." };
    private readonly Option<string?> _input = new("--input") { Description = "A JSON object, or any other text; @FILE reads it from a file, @- from standard input." };
    private readonly Option<string?> _session = new("--session") { Description = "The conversation or customer." };
    private readonly Option<string?> _key = new("--idempotency-key") { Description = "Same key and body: the same invocation. Default: a random one, which is shown." };
    private readonly Option<Guid?> _id = new("--invocation-id") { Description = "A UUID of yours." };
    private readonly Option<string?> _priority = new("--priority") { Description = "interactive or batch." };
    private readonly Option<DateTimeOffset?> _deadline = new("--deadline") { Description = "Expires at this instant, e.g. 2026-12-01T12:00:00Z." };
    private readonly Option<string[]> _metadata = new("--metadata") { Description = "name=value; may be repeated.", AllowMultipleArgumentsPerToken = false };
    private readonly Option<string?> _file = new("--file") { Description = "Submissions, one JSON object a line (- for standard input). Lines without a key get one that follows from the line: submitting the file again continues it." };
    private readonly Option<int> _concurrency = new("--concurrency") { Description = "Submissions at a time, 1 to 64, with --file. Default: 8.", DefaultValueFactory = _ => 8 };
    private readonly Option<bool> _wait = new("--wait") { Description = "Wait until each has ended." };
    private readonly Option<bool> _noWait = new("--no-wait") { Description = "Do not submit again what was deferred: exit code 5." };

    public static Command Create(ApiOptions api) => new SubmitCommand(api).Create();

    private Command Create()
    {
        _priority.AcceptOnlyFromAmong("interactive", "batch");
        var command = new Command("submit", "Submits an invocation, or a file of them. What is deferred (429, 503) is submitted again after the time that the answer names.")
        {
            _tenant, _agent, _input, _session, _key, _id, _priority, _deadline, _metadata, _file, _concurrency, _wait, _noWait,
        };
        command.SetAction((parsed, cancellationToken) => api.RunAsync(parsed, (client, token) => RunAsync(parsed, client, token), cancellationToken));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, PipelineApi client, CancellationToken cancellationToken)
    {
        var submitter = new Submitter(client, !parsed.GetValue(_noWait), parsed.GetValue(_wait), TimeProvider.System);
        if (parsed.GetValue(_file) is { } file)
        {
            return await SubmitFileAsync(parsed, submitter, file, cancellationToken);
        }

        var body = await BodyAsync(parsed, cancellationToken);
        var key = (string?)body["idempotencyKey"];
        if (!api.Json(parsed) && parsed.GetValue(_key) is null)
        {
            // Before it is sent: whoever is cut off can repeat it.
            await Console.Error.WriteLineAsync($"idempotency key: {key}");
        }

        var result = await submitter.SubmitAsync(body, null, cancellationToken);
        Show(result, api.Json(parsed));
        return result.ExitCode;
    }

    private async Task<int> SubmitFileAsync(ParseResult parsed, Submitter submitter, string file, CancellationToken cancellationToken)
    {
        var concurrency = parsed.GetValue(_concurrency);
        if (concurrency is < 1 or > 64)
        {
            throw new CommandFailedException(ExitCode.Usage, $"--concurrency is '{concurrency}'; it takes 1 to 64.");
        }

        var submissions = await SubmissionFile.ReadAsync(file, cancellationToken);
        var progress = new ProgressLine(submissions.Count);
        var results = new ConcurrentBag<SubmissionResult>();
        var json = api.Json(parsed);
        var output = new Lock();
        try
        {
            await Parallel.ForEachAsync(submissions, new ParallelOptions { MaxDegreeOfParallelism = concurrency, CancellationToken = cancellationToken }, async (submission, token) =>
            {
                var result = await submitter.SubmitAsync(submission.Body, submission.Line, token);
                results.Add(result);
                progress.Add(result.ExitCode != ExitCode.Ok);
                lock (output)
                {
                    if (json || result.ExitCode != ExitCode.Ok)
                    {
                        Show(result, json);
                    }
                }
            });
        }
        finally
        {
            progress.End();
            await Console.Error.WriteLineAsync($"{results.Count} of {submissions.Count}: {string.Join(", ", results.GroupBy(x => x.Event).OrderBy(x => x.Key, StringComparer.Ordinal).Select(x => $"{x.Count()} {x.Key}"))}");
        }

        return results.Select(x => x.ExitCode).DefaultIfEmpty(ExitCode.Ok).Max(x => x == ExitCode.EndedBadly ? int.MaxValue : x) is var worst && worst == int.MaxValue ? ExitCode.EndedBadly : worst;
    }

    private async Task<JsonObject> BodyAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(_tenant) is not { } tenant || parsed.GetValue(_agent) is not { } agent || parsed.GetValue(_input) is not { } input)
        {
            throw new CommandFailedException(ExitCode.Usage, "Give --tenant, --agent and --input, or --file.");
        }

        var body = new JsonObject { ["tenant"] = tenant, ["agent"] = agent, ["input"] = await InputAsync(input, cancellationToken) };
        Add("session", parsed.GetValue(_session));
        Add("idempotencyKey", parsed.GetValue(_key) ?? $"cli-{Guid.CreateVersion7():N}");
        Add("invocationId", parsed.GetValue(_id)?.ToString());
        Add("priority", parsed.GetValue(_priority));
        Add("deadline", parsed.GetValue(_deadline)?.ToString("O"));
        if (parsed.GetValue(_metadata) is { Length: > 0 } metadata)
        {
            var pairs = new JsonObject();
            foreach (var pair in metadata)
            {
                var at = pair.IndexOf('=', StringComparison.Ordinal);
                pairs[at > 0 ? pair[..at] : throw new CommandFailedException(ExitCode.Usage, $"--metadata '{pair}' is not name=value.")] = pair[(at + 1)..];
            }

            body["metadata"] = pairs;
        }

        return body;

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                body[name] = value;
            }
        }
    }

    private static async Task<JsonNode> InputAsync(string input, CancellationToken cancellationToken)
    {
        try
        {
            var text = input == "@-" ? await Console.In.ReadToEndAsync(cancellationToken)
                : input.StartsWith('@') ? await File.ReadAllTextAsync(input[1..], cancellationToken) : input;
            return text.AsSpan().TrimStart().StartsWith("{") ? JsonNode.Parse(text)! : JsonValue.Create(text);
        }
        catch (JsonException e)
        {
            throw new CommandFailedException(ExitCode.Usage, $"--input begins as a JSON object and is none: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailedException(ExitCode.Usage, $"--input '{input}' cannot be read: {e.Message}");
        }
    }

    private static void Show(SubmissionResult result, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(result, CliJson.Line.SubmissionResult));
            return;
        }

        var where = result.Line is { } line ? $"line {line}: " : "";
        var why = result.Code is null ? "" : $" ({result.Code}: {Screen.Plain(result.Reason, 500)})";
        var wait = result.RetryAfterSeconds is { } seconds ? $" submit again after {seconds} s" : "";
        Console.Out.WriteLine($"{where}{result.InvocationId ?? result.IdempotencyKey} {Screen.State(result.Event)}{why}{wait}");
        if (result.Output is { } output)
        {
            Console.Out.WriteLine(output);
        }
    }
}
