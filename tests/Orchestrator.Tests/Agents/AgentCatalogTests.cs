using Microsoft.Extensions.Options;
using Pipeline.Orchestrator.Agents;
using Pipeline.Orchestrator.Tests.Setup;

namespace Pipeline.Orchestrator.Tests.Agents;

public sealed class AgentCatalogTests
{
    private const string Prompt = "\"systemPrompt\":\"Help.\"";

    [Fact]
    public void The_highest_version_starts_new_invocations_and_the_others_stay_known()
    {
        using var folder = new AgentFolder().WithTool("look_up").WithAgent(version: 2, systemPrompt: "Two.").WithAgent(version: 10, tools: ["look_up"], systemPrompt: "Ten.").WithAgent(systemPrompt: "One.");

        var catalog = folder.Load();

        Assert.Equal(10, catalog.Find("resolver")!.Version);
        Assert.Equal("The tool look_up.", Assert.Single(catalog.Find("resolver")!.ToolDescriptions).Description);
        Assert.Single(catalog.Current);
        Assert.Equal("One.", catalog.Get("resolver", 1).SystemPrompt);
        Assert.Equal("Two.", catalog.Get("resolver", 2).SystemPrompt);
    }

    [Fact]
    public void The_current_version_stands_in_for_one_whose_file_is_gone()
    {
        using var folder = new AgentFolder().WithAgent(version: 2);

        Assert.Equal(2, folder.Load().Get("resolver", 1).Version);
        Assert.Null(folder.Load().Find("nobody"));
        Assert.Contains("'nobody'", Assert.Throws<InvalidOperationException>(() => folder.Load().Get("nobody", 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Comments_and_trailing_commas_are_allowed()
    {
        using var folder = new AgentFolder().WithAgentFile("a.json", $$"""{ /* ours */ "name":"a","version":1,{{Prompt}}, }""");

        Assert.NotNull(folder.Load().Find("a"));
    }

    [Theory]
    [InlineData("""{"name":"a.b","version":1,"systemPrompt":"x"}""", "name 'a.b' must be 1 to 64 letters")]
    [InlineData("""{"name":"a\n","version":1,"systemPrompt":"x"}""", "must be 1 to 64 letters")]
    [InlineData("""{"name":"unrouted","version":1,"systemPrompt":"x"}""", "name 'unrouted' is taken")]
    [InlineData("""{"name":"a","version":0,"systemPrompt":"x"}""", "version '0' must be at least 1")]
    [InlineData("""{"name":"a","version":1,"systemPrompt":" "}""", "systemPrompt is empty")]
    [InlineData("""{"name":"a","version":1,"systemPrompt":"x","pool":""}""", "pool '' must be")]
    [InlineData("""{"name":"a","version":1,"systemPrompt":"x","limits":{"maxTurns":0}}""", "limits.maxTurns '0' must be 1 to 1000")]
    [InlineData("""{"name":"a","version":1,"systemPrompt":"x","limits":{"maxTokens":0}}""", "limits.maxTokens '0' must be at least 1")]
    [InlineData("""{"name":"a","version":1,"systemPrompt":"x","limits":{"maxToolCalls":-1}}""", "limits.maxToolCalls '-1' must be 0 to 10000")]
    [InlineData("""{"name":"a","version":1,"systemPrompt":"x","limits":{"maxOutputTokens":0}}""", "limits.maxOutputTokens '0' must be at least 1")]
    [InlineData("""{"name":"a","version":1,"systemPrompt":"x","limits":{"deadlineSeconds":86401}}""", "limits.deadlineSeconds '86401' must be 1 to 86400")]
    [InlineData("""{"name":"a","version":1,"systemPrompt":"x","tools":["look_up","look_up"]}""", "tools names a tool twice")]
    [InlineData("""{"name":"a","version":1,"systemPrompt":"x","fanOut":null}""", "fanOut is null")]
    [InlineData("""{"name":"a","version":1,"systemPrompt":"x","fanOut":{"limit":0}}""", "fanOut.limit '0' must be 1 to 1024")]
    [InlineData("""{"name":"a","version":1,"systemPrompt":"x","fanOut":{"join":"any"}}""", "fanOut.join is '\"any\"'")]
    [InlineData("""{"name":"a","version":1,"systemPrompt":"x","fanOut":{"join":null}}""", "fanOut.join is 'null'")]
    [InlineData("""{"name":"a","version":1,"systemPrompt":"x","fanOut":{"join":{"atLeast":0}}}""", "fanOut.join is '{\"atLeast\":0}'")]
    [InlineData("""{"name":"a","version":1,"systemPrompt":"x","fanOut":{"join":{"atLeast":3},"limit":2}}""", "fanOut.join.atLeast '3' is more than fanOut.limit '2'")]
    [InlineData("""{"name":"a","version":1,"systemPrompt":"x","tools":["gone"]}""", "tool 'gone' has no manifest 'gone.json'")]
    [InlineData("""{"name":"a","version":1,"systemPrompt":"x","sytemPrompt":"y"}""", "sytemPrompt")]
    [InlineData("""{"name":"a"}""", "version")]
    [InlineData("""{"name":"a",""", "a.json: ")]
    [InlineData("null", "a.json: it is null")]
    [InlineData("""{"name":"a","version":1,"systemPrompt":"x","limits":null}""", "limits is null")]
    [InlineData("""{"name":"a","version":1,"systemPrompt":"x","tools":null}""", "tools is null")]
    [InlineData("""{"name":"a","version":1,"systemPrompt":"x","tools":[null]}""", "tools names a tool without a name")]
    public void A_wrong_definition_is_reported_with_its_file(string content, string problem)
    {
        using var folder = new AgentFolder().WithTool("look_up").WithAgentFile("a.json", content);

        var message = Assert.Throws<InvalidOperationException>(folder.Load).Message;

        Assert.Contains("a.json: ", message, StringComparison.Ordinal);
        Assert.Contains(problem, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"name":"t"}""", "description")]
    [InlineData("""{"name":"t","description":"x","parameters":7}""", "parameters must be a JSON Schema object")]
    [InlineData("""{"name":"t.u","description":"x","parameters":{}}""", "name 't.u' must be 1 to 64 letters")]
    [InlineData("""{"name":"look_up","description":"x","parameters":{}}""", "tool 'look_up' is defined twice")]
    [InlineData("null", "it is null")]
    public void A_wrong_manifest_is_reported_with_its_file(string content, string problem)
    {
        using var folder = new AgentFolder().WithAgent().WithTool("look_up").WithToolFile("t.json", content);

        var message = Assert.Throws<InvalidOperationException>(folder.Load).Message;

        Assert.Contains("t.json: ", message, StringComparison.Ordinal);
        Assert.Contains(problem, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_problem_of_every_file_is_reported_at_once()
    {
        using var folder = new AgentFolder()
            .WithAgentFile("a.json", """{"name":"a.b","version":0,"systemPrompt":"","tools":["gone"],"limits":{"maxTurns":0,"deadlineSeconds":0}}""")
            .WithAgentFile("b.json", "{")
            .WithAgentFile("c.json", $$"""{"name":"c","version":1,{{Prompt}}}""")
            .WithAgentFile("d.json", $$"""{"name":"c","version":1,{{Prompt}}}""")
            .WithToolFile("t.json", "[]");

        var lines = Assert.Throws<InvalidOperationException>(folder.Load).Message.Split(Environment.NewLine).Skip(1).ToList();

        Assert.Equal(9, lines.Count);
        Assert.Equal(6, lines.Count(x => x.Contains("a.json", StringComparison.Ordinal)));
        Assert.Single(lines, x => x.Contains("d.json: version '1' of agent 'c' is defined twice", StringComparison.Ordinal));
    }

    [Fact]
    public void A_folder_without_agents_is_a_problem()
    {
        using var folder = new AgentFolder();

        Assert.Contains("holds no agent definition", Assert.Throws<InvalidOperationException>(folder.Load).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_is_not_there_is_named_with_its_setting()
    {
        using var folder = new AgentFolder().WithAgent();
        var agents = Options.Create(new AgentCatalogOptions { Directory = Path.Combine(folder.Agents, "gone") });
        var tools = Options.Create(new AgentCatalogOptions { Directory = folder.Agents, ToolsDirectory = Path.Combine(folder.Agents, "gone") });

        Assert.Contains("Agents__Directory", Assert.Throws<InvalidOperationException>(() => new AgentCatalog(agents)).Message, StringComparison.Ordinal);
        Assert.Contains("Agents__ToolsDirectory", Assert.Throws<InvalidOperationException>(() => new AgentCatalog(tools)).Message, StringComparison.Ordinal);
    }
}
