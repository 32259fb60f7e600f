using System.Xml.Linq;

namespace Pipeline.Architecture.Tests;

public sealed class DependencyDirectionTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Contracts"] = [],
        ["ServiceDefaults"] = [],
        ["SagaStore"] = [],
        ["ProviderSimulator"] = [],
        ["Orchestrator"] = ["Contracts", "SagaStore", "ServiceDefaults"],
        ["ToolWorkers"] = ["Contracts", "ServiceDefaults"],
        ["LlmGateway"] = ["Contracts", "ServiceDefaults"],
        ["AgentMemory"] = ["Contracts", "ServiceDefaults"],
        ["EmbeddedHost"] = ["LlmGateway", "Orchestrator", "ProviderSimulator", "ServiceDefaults", "ToolWorkers", "AgentMemory", "Contracts"],
        ["Cli"] = ["Contracts"],
    };

    [Fact]
    public void Projects_reference_only_what_the_layout_allows()
    {
        var projects = Repository.ProjectsUnder("src").ToList();
        Assert.NotEmpty(projects);
        foreach (var project in projects)
        {
            var name = Path.GetFileNameWithoutExtension(project);
            Assert.True(Allowed.ContainsKey(name), $"src/{name} is not in the layout. Add it to the allowed arrows, with a decision, or remove it.");
            var forbidden = ReferencesOf(project).Except(Allowed[name]).ToList();
            Assert.True(forbidden.Count == 0, $"src/{name} references {string.Join(", ", forbidden)}, which the layout does not allow.");
        }
    }

    [Fact]
    public void Contracts_reference_no_package()
    {
        var contracts = XDocument.Load(Path.Combine(Repository.Root, "src", "Contracts", "Contracts.csproj"));
        Assert.Empty(contracts.Descendants("PackageReference"));
    }

    [Theory]
    [InlineData("Orchestrator", "OpenAI", "Anthropic")]
    [InlineData("LlmGateway", "SagaStore", "MassTransitStateMachine")]
    public void A_service_does_not_speak_of_anothers_business(string service, params string[] words)
    {
        var sources = Repository.SourcesUnder(Path.Combine("src", service)).ToList();
        Assert.NotEmpty(sources);
        foreach (var source in sources)
        {
            var text = File.ReadAllText(source);
            Assert.All(words, word => Assert.False(text.Contains(word, StringComparison.Ordinal), $"{source} mentions '{word}'."));
        }
    }

    private static IEnumerable<string> ReferencesOf(string project) =>
        XDocument.Load(project).Descendants("ProjectReference")
            .Select(x => Path.GetFileNameWithoutExtension(((string)x.Attribute("Include")!).Replace('\\', '/')))
            .Where(x => x != "SqlServerServer");
}
