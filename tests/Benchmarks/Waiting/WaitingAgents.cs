using System.Globalization;
using System.Text.Json;

namespace Pipeline.Benchmarks.Waiting;

/// <summary>Two agents and their tools, as files: one that is held, by its tool or by the model of its pool, and one beside it that is not.</summary>
internal sealed class WaitingAgents : IDisposable
{
    public const string Held = "held";
    public const string Prompt = "prompt";
    public const string HeldTool = "bench_held";
    public const string PromptTool = "bench_prompt";

    /// <summary>Of the held tool and of each pool.</summary>
    public const int Slots = 32;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pipeline-waiting-");

    public WaitingAgents()
    {
        Directory.CreateDirectory(AgentsFolder);
        Directory.CreateDirectory(ToolsFolder);
        foreach (var (agent, tool) in new[] { (Held, HeldTool), (Prompt, PromptTool) })
        {
            Write(Path.Combine(AgentsFolder, agent + ".json"), new
            {
                name = agent,
                version = 1,
                systemPrompt = "You are measured.",
                pool = agent,
                tools = new[] { tool },
                limits = new { maxTurns = 4, deadlineSeconds = 7200 },
                admission = new { maxOpen = 1_000_000, maxWaitSeconds = 7200 },
                publishProgress = false,
            });
            Write(Path.Combine(ToolsFolder, tool + ".json"), new
            {
                name = tool,
                description = "A tool of the measurement.",
                parameters = new { type = "object", properties = new { } },
                effects = "ReadOnly",
                timeoutSeconds = 600,
                concurrency = Slots,
                fallback = new { kind = "message", text = "Not now." },
                // The circuit would end the wait that is to be measured.
                breaker = new { slowCallSeconds = 600, minimumThroughput = 100_000 },
            });
        }

        foreach (var file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "sample-tools"), "*.json"))
        {
            File.Copy(file, Path.Combine(ToolsFolder, Path.GetFileName(file)));
        }
    }

    public string Folder => _folder.FullName;

    private string AgentsFolder => Path.Combine(Folder, "agents");

    private string ToolsFolder => Path.Combine(Folder, "tools");

    public Dictionary<string, string?> Settings(Uri model)
    {
        var settings = new Dictionary<string, string?>
        {
            ["Agents__Directory"] = AgentsFolder,
            ["Agents__ToolsDirectory"] = ToolsFolder,
            ["Tools__Directory"] = ToolsFolder,
            ["Tools__Serve__0"] = HeldTool,
            ["Tools__Serve__1"] = PromptTool,
            ["Logging__LogLevel__Default"] = "Warning",
            [Release.FolderVariable] = Folder,
        };
        foreach (var pool in new[] { Held, Prompt })
        {
            settings[$"Llm__Pools__{pool}__BaseUrl"] = new Uri(model, "v1").ToString();
            settings[$"Llm__Pools__{pool}__ApiKey"] = "benchmark";
            settings[$"Llm__Pools__{pool}__Concurrency"] = Slots.ToString(CultureInfo.InvariantCulture);
            settings[$"Llm__Pools__{pool}__Timeout"] = "00:20:00";
        }

        return settings;
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static void Write(string file, object content) => File.WriteAllText(file, JsonSerializer.Serialize(content));
}
