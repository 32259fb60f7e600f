using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.RegularExpressions;
using Pipeline.ProviderSimulator.Scripts;

namespace Pipeline.ProviderSimulator.Tests.Samples;

/// <summary>Replays the sample's cases against its rules, so that cases, data and rules cannot drift apart.</summary>
public sealed class PaymentDisputesTests
{
    private const int MaxTurns = 12;
    private const int MaxTokens = 60_000;
    private const string SystemPrompt = "You resolve payment disputes for a bank.";

    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonElement Accounts = SampleFiles.Accounts();
    private static readonly RuleSet Rules = RuleFile.Load(SampleFiles.Path("model-rules.json"));

    public static TheoryData<string> Cases => [.. SampleFiles.Disputes().Select(d => d.GetProperty("case").GetString()!)];

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_case_ends_as_expected(string name)
    {
        JsonElement dispute = SampleFiles.Disputes().Single(d => d.GetProperty("case").GetString() == name);
        JsonElement expect = dispute.GetProperty("expect");
        var tools = new DisputeTools(Accounts);
        Ending end = Replay(dispute, tools);

        Assert.Equal(expect.GetProperty("event").GetString(), end.Event);
        Assert.Equal(expect.TryGetProperty("code", out JsonElement code) ? code.GetString() : null, end.Code);
        Assert.Equal(
            expect.GetProperty("refunds").EnumerateArray().Select(r => (r.GetProperty("transactionId").GetString()!, r.GetProperty("amountCents").GetInt32())),
            tools.Refunds);
        if (expect.TryGetProperty("outputContains", out JsonElement contains))
        {
            Assert.All(contains.EnumerateArray(), part => Assert.Contains(part.GetString()!, end.Output, StringComparison.Ordinal));
        }

        if (expect.TryGetProperty("turns", out JsonElement turns))
        {
            Assert.Equal(turns.GetInt32(), end.Turns);
        }

        if (expect.TryGetProperty("toolCalls", out JsonElement toolCalls))
        {
            Assert.Equal(toolCalls.GetInt32(), end.ToolCalls);
        }
    }

    [Fact]
    public void Json_claims_end_the_same_when_the_prompt_escapes_what_is_not_ascii()
    {
        foreach (JsonElement dispute in SampleFiles.Disputes().Where(d => d.GetProperty("invocation").GetProperty("input").ValueKind == JsonValueKind.Object))
        {
            Ending escaped = Replay(JsonSerializer.Serialize(dispute.GetProperty("invocation").GetProperty("input")), new DisputeTools(Accounts));
            Assert.Equal(Replay(dispute, new DisputeTools(Accounts)).Output, escaped.Output);
        }
    }

    [Fact]
    public void Every_rule_is_needed_by_a_case()
    {
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonElement dispute in SampleFiles.Disputes())
        {
            used.UnionWith(Replay(dispute, new DisputeTools(Accounts)).RulesUsed);
        }

        Assert.Empty(Rules.Rules.Select(r => r.Name).Except(used));
        Assert.DoesNotContain("default", used);
    }

    [Fact]
    public void Cases_are_independent_and_well_formed()
    {
        IReadOnlyList<JsonElement> disputes = SampleFiles.Disputes();
        Assert.True(disputes.Count >= 60);
        string[] refunded = [.. disputes.SelectMany(d => d.GetProperty("expect").GetProperty("refunds").EnumerateArray()).Select(r => r.GetProperty("transactionId").GetString()!)];
        Assert.Equal(refunded.Length, refunded.Distinct().Count());
        AssertUnique(disputes, d => d.GetProperty("case").GetString());
        AssertUnique(disputes, d => d.GetProperty("invocation").GetProperty("idempotencyKey").GetString());
        AssertUnique(disputes.Where(d => d.GetProperty("invocation").TryGetProperty("session", out _)), d => d.GetProperty("invocation").GetProperty("session").GetString());
        Assert.All(disputes, d =>
        {
            JsonElement invocation = d.GetProperty("invocation");
            Assert.Equal("dispute-resolver", invocation.GetProperty("agent").GetString());
            Assert.Contains(invocation.GetProperty("priority").GetString(), (string[])["interactive", "batch"]);
        });
    }

    [Fact]
    public void Seed_data_is_consistent()
    {
        string[] customers = [.. Accounts.GetProperty("customers").EnumerateArray().Select(c => c.GetProperty("id").GetString()!)];
        string[] accounts = [.. Accounts.GetProperty("accounts").EnumerateArray().Select(a => a.GetProperty("id").GetString()!)];
        JsonElement[] transactions = [.. Accounts.GetProperty("transactions").EnumerateArray()];
        Assert.Equal(200, transactions.Length);
        AssertUnique(customers, c => c);
        AssertUnique(accounts, a => a);
        AssertUnique(transactions, t => t.GetProperty("id").GetString());
        Assert.All(Accounts.GetProperty("accounts").EnumerateArray(), a => Assert.Contains(a.GetProperty("customerId").GetString(), customers));
        Assert.All(Accounts.GetProperty("customers").EnumerateArray(), c => Assert.EndsWith("@example.com", c.GetProperty("email").GetString(), StringComparison.Ordinal));
        Assert.All(transactions, t => Assert.Contains(t.GetProperty("accountId").GetString(), accounts));
        Assert.All(transactions, t => Assert.Matches(new Regex("^(settled|pending)$"), t.GetProperty("status").GetString()));
        Assert.All(transactions, t => Assert.True(t.GetProperty("amountCents").GetInt32() > 0));
    }

    private static Ending Replay(JsonElement dispute, DisputeTools tools)
    {
        JsonElement input = dispute.GetProperty("invocation").GetProperty("input");
        return Replay(input.ValueKind == JsonValueKind.String ? input.GetString()! : JsonSerializer.Serialize(input, Readable), tools);
    }

    private static Ending Replay(string first, DisputeTools tools)
    {
        var model = new ScriptedModel(Rules);
        List<ToolResult> results = [];
        List<string> rulesUsed = [];
        int tokens = 0, lastStart = 0, toolCalls = 0;
        for (int turn = 0; turn < MaxTurns; turn++)
        {
            ModelAnswer answer = model.Answer(new ModelRequest
            {
                Model = "simulated-model",
                System = SystemPrompt,
                FirstUser = first,
                LastUser = first,
                Turn = turn,
                Results = results,
                LastResultsStart = lastStart,
                PromptCharacters = 400,
            });
            rulesUsed.Add(answer.Rule);
            Assert.InRange(answer.Latency.TotalMilliseconds, 20, 60);
            tokens += answer.InputTokens + answer.OutputTokens;
            if (tokens > MaxTokens)
            {
                return new Ending("failed", "token_limit_reached", "", turn + 1, toolCalls, rulesUsed);
            }

            if (answer.ToolCalls.Count == 0)
            {
                return new Ending("completed", null, answer.Text, turn + 1, toolCalls, rulesUsed);
            }

            lastStart = results.Count;
            toolCalls += answer.ToolCalls.Count;
            results.AddRange(answer.ToolCalls.Select(c => new ToolResult(c.Tool, c.Arguments, tools.Call(c.Tool, c.Arguments))));
        }

        return new Ending("failed", "turn_limit_reached", "", MaxTurns, toolCalls, rulesUsed);
    }

    private static void AssertUnique<T>(IEnumerable<T> rows, Func<T, string?> id) =>
        Assert.Empty(rows.GroupBy(id).Where(g => g.Count() > 1).Select(g => g.Key));

    private sealed record Ending(string Event, string? Code, string Output, int Turns, int ToolCalls, IReadOnlyList<string> RulesUsed);
}
