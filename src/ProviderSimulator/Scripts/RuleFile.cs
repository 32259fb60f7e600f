using System.Text.Json;
using System.Text.RegularExpressions;

namespace Pipeline.ProviderSimulator.Scripts;

/// <summary>
/// Reads a rule file and compiles it; reports every problem of the file at once.
/// <code>
/// { "seed": 7,                                   draws of latencies and chances; same seed, same run
///   "latencyMs": { "min": 20, "max": 60 },       or a number; where a rule says nothing
///   "rules": [ {
///     "name": "refund the duplicate",
///     "when": {                                  all must hold; first rule that matches wins
///       "model" | "system" | "firstUser" | "lastUser": "regex with (?&lt;named&gt; captures), case ignored, . matches line breaks",
///       "turn": 2,                               assistant messages so far; or { "min": 1, "max": 3 }
///       "results": [ MATCHER ],                  each matches a tool result of the last turn
///       "seen":    [ MATCHER ],                  each matches a tool result of any turn, newest first
///       "notSeen": [ MATCHER ],                  none matches any tool result so far
///       "chance": 0.02 },                        the rule takes part in this share of the calls only
///     "then": {
///       "text": "Refunded ${amount}.",           ${capture}, ${capture|default}
///       "toolCalls": [ { "tool": "issue_refund", "arguments": { "transactionId": "${txn}", "amountCents": { "$number": "${euros}${cents}" } } },
///                      { "tool": "issue_refund", "rawArguments": "{\"broken\": " } ],
///       "finish": "stop",                        stop | tool_calls | length | content_filter
///       "latencyMs": 30, "inputTokens": 900, "outputTokens": 40,
///       "fault": { "kind": "status", "status": 503, "message": "…", "retryAfterSeconds": 2 } } } ],
///                                                kind: status | hang | abort | streamError | streamAbort
///   "default": { "text": "…" } }                 a `then` for everything else
/// MATCHER = { "tool": "list_transactions", "content": "regex",
///             "json": { "$.status": "frozen", "$call.customerId": "${customer}" },
///             "capture": { "accountId": "$.accountId" },      also a condition: the value must be there
///             "find": { "in": "$.transactions", "where": { "merchant": "${merchant}" }, "min": 2, "max": 9, "pick": 0,
///                       "capture": { "txn": "id" } } }
/// An expected value is a template (equal, case ignored), a number or true/false, or
/// { "regex": "…" }, { "not": "…" }, { "exists": false }.
/// </code>
/// </summary>
internal sealed class RuleFile
{
    internal const int MaxLatencyMilliseconds = 600_000;
    private const int MaxRules = 10_000;
    private const int MaxTokens = 10_000_000;

    private static readonly string[] FinishReasons = ["stop", "tool_calls", "length", "content_filter"];
    private static readonly string[] FaultKinds = ["status", "hang", "abort", "streamError", "streamAbort", "garbage", "truncate", "slow", "stall", "reset"];

    private readonly List<string> _problems = [];
    private readonly Dictionary<(RequestField Field, string Pattern), RulePattern> _patterns = [];
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    private RuleFile()
    {
    }

    /// <exception cref="RuleFileException">The file cannot be read, or holds errors.</exception>
    public static RuleSet Load(string file)
    {
        string text;
        try
        {
            text = File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new RuleFileException(file, [$"it cannot be read: {e.Message} Check the path ('{Path.GetFullPath(file)}') and its permissions."]);
        }

        return Parse(text, file);
    }

    /// <exception cref="RuleFileException">The text holds errors.</exception>
    public static RuleSet Parse(string text, string file)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(text, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        }
        catch (JsonException e)
        {
            throw new RuleFileException(file, [$"line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}: it is not JSON: {e.Message}"]);
        }

        using (document)
        {
            var reader = new RuleFile();
            RuleSet rules = reader.ReadRules(document.RootElement);
            return reader._problems.Count == 0 ? rules : throw new RuleFileException(file, reader._problems);
        }
    }

    private RuleSet ReadRules(JsonElement root)
    {
        var file = new RuleObject(root, "", _problems);
        int seed = file.Whole("seed", 0, int.MaxValue) ?? 0;
        LatencyRange latency = Latency(file) ?? default;
        IReadOnlyList<RuleObject> objects = file.Objects("rules");
        if (objects.Count > MaxRules)
        {
            file.Problem("rules", $"holds {objects.Count} rules; keep to {MaxRules}");
        }

        Rule[] rules = [.. objects.Take(MaxRules).Select(ReadRule)];
        foreach (IGrouping<string, (string Name, int Index)> twins in rules.Select((r, i) => (r.Name, Index: i)).GroupBy(r => r.Name).Where(g => g.Count() > 1))
        {
            file.Problem("rules", $"{string.Join(", ", twins.Select(t => $"[{t.Index}]"))} have the same name '{twins.Key}'; the ledger could not tell them apart, rename one");
        }

        _known.Clear();
        RuleOutcome? @default = file.Object("default") is { } then ? ReadOutcome(then) : null;
        file.Finish();
        return new RuleSet
        {
            Seed = (ulong)seed,
            Latency = latency,
            Rules = rules,
            PatternSlots = _patterns.Count,
            Default = @default ?? RuleSet.Empty.Default,
        };
    }

    private Rule ReadRule(RuleObject rule)
    {
        _known.Clear();
        string? name = rule.Text("name");
        if (string.IsNullOrWhiteSpace(name))
        {
            rule.Problem("name", "is missing; give every rule a name, the ledger shows it");
        }

        RuleObject? when = rule.Object("when");
        List<RulePattern> patterns = [];
        (int Min, int Max)? turn = null;
        double chance = 1;
        ResultMatcher[] results = [], seen = [], notSeen = [];
        if (when is not null)
        {
            turn = when.Range("turn", 0, 1_000_000);
            chance = when.Number("chance", 0, 1) ?? 1;
            AddPattern(patterns, when, "model", RequestField.Model);
            AddPattern(patterns, when, "system", RequestField.System);
            AddPattern(patterns, when, "firstUser", RequestField.FirstUser);
            AddPattern(patterns, when, "lastUser", RequestField.LastUser);
            results = [.. when.Objects("results").Select(ReadMatcher)];
            seen = [.. when.Objects("seen").Select(ReadMatcher)];
            HashSet<string> before = [.. _known];
            notSeen = [.. when.Objects("notSeen").Select(ReadMatcher)];
            _known.IntersectWith(before); // what is not there cannot be quoted
            when.Finish();
        }

        RuleOutcome outcome = new();
        if (rule.Object("then") is { } then)
        {
            outcome = ReadOutcome(then);
        }
        else if (rule.Any("then") is null)
        {
            rule.Problem("then", "is missing; say what the model answers");
        }

        rule.Finish();
        return new Rule
        {
            Name = name ?? rule.Place,
            MinTurn = turn?.Min ?? 0,
            MaxTurn = turn?.Max ?? int.MaxValue,
            Chance = chance,
            Patterns = patterns,
            Results = results,
            Seen = seen,
            NotSeen = notSeen,
            Outcome = outcome,
        };
    }

    private void AddPattern(List<RulePattern> patterns, RuleObject when, string member, RequestField field)
    {
        if (when.Text(member) is not { } text)
        {
            return;
        }

        if (!_patterns.TryGetValue((field, text), out RulePattern? pattern) && CompileRegex(text, when, member) is { } regex)
        {
            pattern = new RulePattern(_patterns.Count, field, regex, RulePattern.NamedGroups(regex));
            _patterns.Add((field, text), pattern);
        }

        if (pattern is not null)
        {
            _known.UnionWith(pattern.Groups);
            patterns.Add(pattern);
        }
    }

    private ResultMatcher ReadMatcher(RuleObject matcher)
    {
        string? tool = matcher.Text("tool");
        Regex? content = matcher.Text("content") is { } text ? CompileRegex(text, matcher, "content") : null;
        string[] groups = content is null ? [] : RulePattern.NamedGroups(content);
        _known.UnionWith(groups);
        var result = new ResultMatcher
        {
            Tool = tool,
            Content = content,
            ContentGroups = groups,
            Json = ReadConditions(matcher, "json", ""),
            Captures = ReadCaptures(matcher, ""),
            Find = matcher.Object("find") is { } find ? ReadSearch(find) : null,
        };
        matcher.Finish();
        return result;
    }

    private ElementSearch? ReadSearch(RuleObject find)
    {
        JsonPath? list = null;
        if (find.Text("in") is not { } path)
        {
            find.Problem("in", "is missing; write the path of the list, such as $.transactions");
        }
        else
        {
            list = ReadPath(path, find, "in");
        }

        int min = find.Whole("min", 0, 100_000) ?? 1;
        int max = find.Whole("max", 0, 100_000) ?? int.MaxValue;
        if (min > max)
        {
            find.Problem(null, $"has min {min} above max {max}; exchange them");
        }

        var search = list is null ? null : new ElementSearch
        {
            In = list,
            Min = min,
            Max = max,
            Pick = find.Whole("pick", -100_000, 100_000) ?? 0,
            Where = ReadConditions(find, "where", "$."),
            Captures = ReadCaptures(find, "$."),
        };
        if (search is not null)
        {
            find.Finish();
        }

        return search;
    }

    private List<(JsonPath Path, ValueCondition Condition)> ReadConditions(RuleObject owner, string member, string prefix)
    {
        List<(JsonPath, ValueCondition)> conditions = [];
        foreach (JsonProperty property in owner.Properties(member))
        {
            string place = $"{member}['{property.Name}']";
            if (ReadPath(prefix + property.Name, owner, place) is { } path && ReadCondition(property.Value, owner, place) is { } condition)
            {
                conditions.Add((path, condition));
            }
        }

        return conditions;
    }

    private ValueCondition? ReadCondition(JsonElement value, RuleObject owner, string place)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                return new ValueCondition(ReadTemplate(value.GetString() ?? "", owner, place), null, null, exists: true);
            case JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False:
                return new ValueCondition(Template.Parse(value.GetRawText(), out _), null, null, exists: true);
            case JsonValueKind.Object:
                var form = new RuleObject(value, owner.Child(place), _problems);
                JsonElement? exists = form.Any("exists");
                Template? not = form.Text("not") is { } text ? ReadTemplate(text, form, "not") : null;
                Regex? regex = form.Text("regex") is { } pattern ? CompileRegex(pattern, form, "regex") : null;
                form.Finish();
                if (exists is { ValueKind: not (JsonValueKind.True or JsonValueKind.False) })
                {
                    form.Problem("exists", "is neither true nor false; write one of them");
                }

                if (regex is not null)
                {
                    _known.UnionWith(RulePattern.NamedGroups(regex));
                }

                return new ValueCondition(null, not, regex, exists is not { ValueKind: JsonValueKind.False });
            default:
                owner.Problem(place, $"is {RuleObject.Kind(value)}; write a text, a number, true, false, or {{\"regex\": …}}, {{\"not\": …}}, {{\"exists\": …}}");
                return null;
        }
    }

    private List<(string Name, JsonPath Path)> ReadCaptures(RuleObject owner, string prefix)
    {
        List<(string, JsonPath)> captures = [];
        foreach (JsonProperty property in owner.Properties("capture"))
        {
            string place = $"capture['{property.Name}']";
            if (property.Value.ValueKind != JsonValueKind.String)
            {
                owner.Problem(place, $"is {RuleObject.Kind(property.Value)}; write a path in quotes");
            }
            else if (ReadPath(prefix + property.Value.GetString(), owner, place) is { } path)
            {
                captures.Add((property.Name, path));
            }

            _known.Add(property.Name);
        }

        return captures;
    }

    private RuleOutcome ReadOutcome(RuleObject then)
    {
        string? text = then.Text("text");
        ToolCallTemplate[] calls = [.. then.Objects("toolCalls").Select(ReadToolCall).OfType<ToolCallTemplate>()];
        RuleFault? fault = then.Object("fault") is { } faultObject ? ReadFault(faultObject) : null;
        if (fault is { Kind: FaultKind.Reset })
        {
            then.Problem("fault", "is 'reset', which happens before a call is read; a rule can 'abort', an outage can 'reset'");
        }

        FinishReason finish = Choice(then, "finish", FinishReasons) switch
        {
            0 => FinishReason.Stop,
            1 => FinishReason.ToolCalls,
            2 => FinishReason.Length,
            3 => FinishReason.ContentFilter,
            _ => FinishReason.None,
        };
        var outcome = new RuleOutcome
        {
            Text = text is null ? null : ReadTemplate(text, then, "text"),
            ToolCalls = calls,
            Finish = finish,
            Latency = Latency(then),
            InputTokens = then.Whole("inputTokens", 0, MaxTokens),
            CachedTokens = then.Whole("cachedTokens", 0, MaxTokens),
            OutputTokens = then.Whole("outputTokens", 0, MaxTokens),
            Fault = fault,
        };
        then.Finish();
        return outcome;
    }

    private ToolCallTemplate? ReadToolCall(RuleObject call)
    {
        string? tool = call.Text("tool");
        if (string.IsNullOrEmpty(tool))
        {
            call.Problem("tool", "is missing; name the tool to call");
        }

        JsonElement? arguments = call.Any("arguments");
        string? raw = call.Text("rawArguments");
        if (arguments is not null && raw is not null)
        {
            call.Problem("rawArguments", "stands beside arguments; keep one of the two");
        }

        Template? name = ReadTemplate(tool ?? "", call, "tool");
        JsonTemplate? template = arguments is { } value ? JsonTemplate.Compile(value, text => ReadTemplate(text, call, "arguments")) : null;
        Template? rawTemplate = raw is null ? null : ReadTemplate(raw, call, "rawArguments");
        call.Finish();
        return name is null ? null : new ToolCallTemplate(name, template, rawTemplate);
    }

    /// <summary>Reads a fault and finishes its object; members that the caller asked for before are known.</summary>
    internal static RuleFault? ReadFault(RuleObject fault)
    {
        FaultKind kind = (FaultKind)(Choice(fault, "kind", FaultKinds) + 1);
        int status = fault.Whole("status", 400, 599) ?? 0;
        string? message = fault.Text("message");
        double? retryAfter = fault.Number("retryAfterSeconds", 0, 86_400);
        string? code = fault.Text("code");
        double? delay = fault.Number("delaySeconds", 0.001, 3600);
        fault.Finish();
        if (kind == FaultKind.None && fault.Any("kind") is null)
        {
            fault.Problem("kind", $"is missing; write one of: {string.Join(", ", FaultKinds)}");
        }

        if (kind == FaultKind.Status && status == 0)
        {
            fault.Problem("status", "is missing; a fault of kind status needs an HTTP status from 400 to 599");
        }

        if (kind is FaultKind.Slow or FaultKind.Stall && delay is null)
        {
            fault.Problem("delaySeconds", "is missing; a slow answer and a stalled stream need to know how long");
        }

        return new RuleFault(kind, status, message, retryAfter is { } seconds ? TimeSpan.FromSeconds(seconds) : null, code, TimeSpan.FromSeconds(delay ?? 0));
    }

    private static int Choice(RuleObject owner, string member, string[] choices)
    {
        if (owner.Text(member) is not { } text)
        {
            return -1;
        }

        int index = Array.IndexOf(choices, text);
        if (index < 0)
        {
            owner.Problem(member, $"is '{text}'; write one of: {string.Join(", ", choices)}");
        }

        return index;
    }

    private static LatencyRange? Latency(RuleObject owner) =>
        owner.Range("latencyMs", 0, MaxLatencyMilliseconds) is { } range ? new LatencyRange(range.Min, range.Max) : null;

    private static JsonPath? ReadPath(string text, RuleObject owner, string member)
    {
        JsonPath? path = JsonPath.Parse(text, out string? error);
        if (error is not null)
        {
            owner.Problem(member, error);
        }

        return path;
    }

    private Template? ReadTemplate(string text, RuleObject owner, string member)
    {
        Template? template = Template.Parse(text, out string? error);
        if (error is not null)
        {
            owner.Problem(member, error);
        }

        foreach (string name in template?.Names.Where(n => !_known.Contains(n)).Distinct() ?? [])
        {
            owner.Problem(member, $"uses ${{{name}}}, but no condition before it captures '{name}'; add (?<{name}>…) to a regex or a capture");
        }

        return template;
    }

    private static Regex? CompileRegex(string text, RuleObject owner, string member)
    {
        try
        {
            return RulePattern.Compile(text);
        }
        catch (ArgumentException e)
        {
            owner.Problem(member, $"is not a regular expression: {e.Message}");
            return null;
        }
    }
}
