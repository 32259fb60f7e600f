using Pipeline.ToolWorkers.Manifests;
using Pipeline.ToolWorkers.Tests.Fixtures;

namespace Pipeline.ToolWorkers.Tests.Manifests;

/// <summary>The sample's files are read by the readers that production has.</summary>
public sealed class SampleToolKindsTests
{
    [Fact]
    public void The_sample_declares_an_HTTP_tool_and_reviewed_tools_of_an_MCP_server()
    {
        var set = ToolManifestDirectory.Read(Path.Combine(ToolWorkersApp.Repository(), "samples", "tool-kinds", "tools"));

        Assert.Empty(set.Problems);
        Assert.Equal(["exchange_rate", "notes_create_entities", "notes_search_nodes"], set.Manifests.Select(x => x.Name).Order(StringComparer.Ordinal));
        Assert.All(set.Manifests.Where(x => x.Name.StartsWith("notes_", StringComparison.Ordinal)), x => Assert.Equal("notes", x.Mcp?.Server));
        Assert.NotNull(set.Manifests.Single(x => x.Name == "exchange_rate").Http);
    }
}
