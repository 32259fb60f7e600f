using System.Text.Json;
using Microsoft.Extensions.Options;
using Pipeline.Orchestrator.Agents;

namespace Pipeline.Orchestrator.Tests.Setup;

/// <summary>Agent definitions and tool manifests of one test, in a folder of its own.</summary>
public sealed class AgentFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pipeline-agents-");

    public AgentFolder()
    {
        Directory.CreateDirectory(Agents);
        Directory.CreateDirectory(Tools);
    }

    public string Agents => Path.Combine(_folder.FullName, "agents");

    public string Tools => Path.Combine(_folder.FullName, "tools");

    public AgentFolder WithTool(params string[] names)
    {
        foreach (var name in names)
        {
            WithToolFile($"{name}.json", JsonSerializer.Serialize(new { name, description = $"The tool {name}.", parameters = new { type = "object" }, effects = "ReadOnly" }));
        }

        return this;
    }

    public AgentFolder WithAgent(
        string name = "resolver",
        int version = 1,
        string[]? tools = null,
        object? limits = null,
        string? fallbackAnswer = null,
        string systemPrompt = "Help.",
        bool publishProgress = true,
        object? admission = null,
        string pool = "default",
        object? fanOut = null) =>
        WithAgentFile($"{name}.v{version}.json", JsonSerializer.Serialize(new
        {
            name,
            version,
            systemPrompt,
            pool,
            tools = tools ?? [],
            limits = limits ?? new { deadlineSeconds = 600 },
            fallbackAnswer,
            publishProgress,
            admission = admission ?? new { },
            fanOut = fanOut ?? new { join = "allSettled" },
        }));

    public AgentFolder WithAgentFile(string name, string content)
    {
        File.WriteAllText(Path.Combine(Agents, name), content);
        return this;
    }

    public AgentFolder WithToolFile(string name, string content)
    {
        File.WriteAllText(Path.Combine(Tools, name), content);
        return this;
    }

    public AgentCatalog Load() => new(Options.Create(new AgentCatalogOptions { Directory = Agents }));

    public void Dispose() => _folder.Delete(recursive: true);
}
