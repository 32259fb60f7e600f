using Pipeline.ProviderSimulator.Scripts;

namespace Pipeline.ProviderSimulator.Tests.Scripts;

public sealed class ScriptedModelTests
{
    private const string Transactions = """
        {"transactions":[
          {"id":"txn_1","merchant":"Kaffeehaus","amountCents":500,"status":"settled"},
          {"id":"txn_2","merchant":"Bookshop","amountCents":900,"status":"settled"},
          {"id":"txn_3","merchant":"Kaffeehaus","amountCents":500,"status":"settled"}]}
        """;

    [Fact]
    public void The_first_rule_that_matches_wins()
    {
        ScriptedModel model = Model("""
            { "name": "first", "when": { "firstUser": "hello" }, "then": { "text": "1" } },
            { "name": "second", "when": { "firstUser": "hello world" }, "then": { "text": "2" } }
            """);
        Assert.Equal("first", model.Answer(Ask("HELLO world")).Rule);
        Assert.Equal("default", model.Answer(Ask("good bye")).Rule);
    }

    [Theory]
    [InlineData("model", "gpt")]
    [InlineData("system", "refund clerk")]
    [InlineData("lastUser", "and now")]
    public void Every_field_can_be_matched(string field, string pattern)
    {
        ScriptedModel model = Model($$"""{ "name": "hit", "when": { "{{field}}": "(?<word>{{pattern}})" }, "then": { "text": "${word}" } }""");
        var request = new ModelRequest { Model = "gpt-x", System = "You are a refund clerk", FirstUser = "one", LastUser = "and now two" };
        Assert.Equal(pattern, model.Answer(request).Text);
        Assert.Equal("default", model.Answer(new ModelRequest { Model = "other" }).Rule);
    }

    [Fact]
    public void A_search_counts_picks_and_captures_elements()
    {
        ScriptedModel model = Model("""
            { "name": "twice", "when": { "firstUser": "at (?<m>\\w+)", "results": [ { "tool": "list", "find": { "in": "$.transactions",
                "where": { "merchant": "${m}", "status": { "not": "pending" } }, "min": 2, "pick": -1, "capture": { "txn": "id", "cents": "amountCents" } } } ] },
              "then": { "toolCalls": [ { "tool": "refund", "arguments": { "id": "${txn}", "cents": "${cents}", "text": "of ${cents}" } } ] } },
            { "name": "once", "when": { "results": [ { "find": { "in": "$.transactions", "where": { "merchant": { "regex": "^(?<shop>Book.*)" } } } } ] }, "then": { "text": "${shop}" } }
            """);
        ModelAnswer answer = model.Answer(Ask("two charges at kaffeehaus", [new ToolResult("list", "{}", Transactions)]));
        Assert.Equal("""{"id":"txn_3","cents":500,"text":"of 500"}""", Assert.Single(answer.ToolCalls).Arguments);
        Assert.Equal(FinishReason.ToolCalls, answer.Finish);
        Assert.Equal("Bookshop", model.Answer(Ask("at Bookshop", [new ToolResult("list", "{}", Transactions)])).Text);
    }

    [Fact]
    public void Earlier_results_can_be_asked_for_or_excluded()
    {
        ScriptedModel model = Model("""
            { "name": "new", "when": { "notSeen": [ { "tool": "refund" } ], "seen": [ { "tool": "account", "capture": { "who": "$.name" } } ] }, "then": { "text": "${who}" } },
            { "name": "old", "when": { "seen": [ { "tool": "refund", "json": { "$call.id": "txn_1", "$.error": { "exists": false } } } ] }, "then": { "text": "done" } },
            { "name": "refused", "when": { "results": [ { "content": "\"error\":\\s*\"(?<code>\\w+)\"" } ] }, "then": { "text": "${code}" } }
            """);
        var account = new ToolResult("account", "{}", """{"name":"Ann"}""");
        Assert.Equal("Ann", model.Answer(Ask("x", [account], lastStart: 1)).Text);
        Assert.Equal("done", model.Answer(Ask("x", [account, new ToolResult("refund", """{"id":"txn_1"}""", """{"refundId":"r"}""")], lastStart: 2)).Text);
        Assert.Equal("gone", model.Answer(Ask("x", [account, new ToolResult("refund", "not json", """{"error": "gone"}""")])).Text);
    }

    [Fact]
    public void Templates_have_defaults_escapes_and_numbers()
    {
        ScriptedModel model = Model("""
            { "name": "n", "when": { "firstUser": "(?<euros>\\d+)[.,](?<cents>\\d\\d)(?<unit> EUR)?" },
              "then": { "text": "$${literal} ${unit| no unit}", "toolCalls": [ { "tool": "t", "arguments": { "n": { "$number": "${euros}${cents}" }, "list": [1, true, null, "é"] } } ] } }
            """);
        ModelAnswer answer = model.Answer(Ask("pay 12,50"));
        Assert.Equal("${literal}  no unit", answer.Text);
        Assert.Equal("""{"n":1250,"list":[1,true,null,"é"]}""", answer.ToolCalls[0].Arguments);
    }

    [Fact]
    public void The_same_conversation_has_the_same_latency_and_another_seed_another()
    {
        const string Rules = """{ "name": "n", "then": { "text": "x", "latencyMs": { "min": 0, "max": 100000 } } }""";
        TimeSpan first = Model(Rules).Answer(Ask("hello")).Latency;
        ScriptedModel model = Model(Rules);
        _ = model.Answer(Ask("something else"));
        Assert.Equal(first, model.Answer(Ask("hello")).Latency);
        Assert.NotEqual(first, Model(Rules, seed: 8).Answer(Ask("hello")).Latency);
    }

    [Fact]
    public void A_chance_is_taken_in_its_share_of_calls()
    {
        ScriptedModel model = Model("""{ "name": "unlucky", "when": { "chance": 0.1 }, "then": { "fault": { "kind": "status", "status": 503 } } }""");
        int unlucky = Enumerable.Range(0, 10_000).Count(_ => model.Answer(Ask("hello")).Fault is not null);
        Assert.InRange(unlucky, 900, 1100);
    }

    [Fact]
    public void A_pattern_that_backtracks_forever_ends_as_an_error()
    {
        ScriptedModel model = Model("""{ "name": "evil", "when": { "firstUser": "^(\\w+\\s?)*$" }, "then": { "text": "x" } }""");
        Assert.Throws<System.Text.RegularExpressions.RegexMatchTimeoutException>(() => model.Answer(Ask(new string('a', 40) + "!")));
    }

    private static ScriptedModel Model(string rules, int seed = 7) => new(RuleFile.Parse($$"""{ "seed": {{seed}}, "rules": [ {{rules}} ] }""", "test.json"));

    private static ModelRequest Ask(string text, ToolResult[]? results = null, int lastStart = 0) => new()
    {
        Model = "m",
        FirstUser = text,
        LastUser = text,
        Results = results ?? [],
        LastResultsStart = lastStart,
        PromptCharacters = text.Length,
    };
}
