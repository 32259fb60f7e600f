using Pipeline.ProviderSimulator.Scripts;

namespace Pipeline.ProviderSimulator.Tests.Scripts;

public sealed class RuleFileTests
{
    [Fact]
    public void Every_error_is_reported_at_once_with_its_place()
    {
        RuleFileException refused = Assert.Throws<RuleFileException>(() => RuleFile.Parse("""
            {
              "seed": -1,
              "rulez": [],
              "rules": [
                7,
                { "name": "a", "when": { "firstUser": "(", "turn": { "min": 3, "max": 1 }, "frstUser": "x" }, "then": { "text": "${nobody}" } },
                { "when": { "results": [ { "json": { "status": "x" }, "find": { "min": 2, "max": 1 } } ] } },
                { "name": "a", "then": { "text": "${", "finish": "done", "latencyMs": "fast", "toolCalls": [ { "arguments": {}, "rawArguments": "{" } ] } },
                { "name": "c", "then": { "fault": { "kind": "status" } } },
                { "name": "d", "then": { "fault": { "kind": "explode" } } },
                { "name": "e", "when": { "chance": 2, "notSeen": [ { "capture": { "x": "$.x" } } ] }, "then": { "text": "${x}" } }
              ]
            }
            """, "bad.json"));
        string[] places =
        [
            "seed: is '-1'; write a whole number from 0",
            "rules[0]: is '7'; write an object",
            "rules[1].when.firstUser: is not a regular expression",
            "rules[1].when.turn: has min 3 above max 1",
            "rules[1].when.frstUser: is not known here; use one of: chance, description, firstUser",
            "rules[1].then.text: uses ${nobody}, but no condition before it captures 'nobody'",
            "rules[2].name: is missing",
            "rules[2].when.results[0].json['status']: 'status' is not a path",
            "rules[2].when.results[0].find.in: is missing",
            "rules[2].then: is missing",
            "rules[3].then.text: template '${' has a '${' without a name",
            "rules[3].then.finish: is 'done'; write one of: stop",
            "rules[3].then.latencyMs: is '\"fast\"'; write a whole number",
            "rules[3].then.toolCalls[0].tool: is missing",
            "rules[3].then.toolCalls[0].rawArguments: stands beside arguments",
            "rules[4].then.fault.status: is missing",
            "rules[5].then.fault.kind: is 'explode'",
            "rules[6].when.chance: is '2'",
            "rules[6].then.text: uses ${x}",
            "rules: [1], [3] have the same name 'a'",
            "rulez: is not known here",
        ];
        Assert.All(places, place => Assert.Contains(refused.Problems, p => p.StartsWith(place, StringComparison.Ordinal)));
        Assert.StartsWith("The rule file 'bad.json' cannot be used:", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "line 1")]
    [InlineData("{\n  \"rules\": [}", "line 2")]
    [InlineData("[]", "is a list; write an object")]
    public void A_file_that_is_no_rule_file_says_where(string text, string expected)
    {
        RuleFileException refused = Assert.Throws<RuleFileException>(() => RuleFile.Parse(text, "bad.json"));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_names_its_full_path()
    {
        RuleFileException refused = Assert.Throws<RuleFileException>(() => RuleFile.Load("no-such-rules.json"));
        Assert.Contains(Path.GetFullPath("no-such-rules.json"), refused.Message, StringComparison.Ordinal);
    }
}
