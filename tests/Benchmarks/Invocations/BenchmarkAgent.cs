using System.Text.Json;

namespace Pipeline.Benchmarks.Invocations;

/// <summary>
/// The agent of the benchmark and its tools, written as the files that every deployment has: two model turns, two tools in parallel, and
/// nothing that would take time. What is measured is what the pipeline itself costs.
/// </summary>
internal sealed class BenchmarkAgent : IDisposable
{
    public const string Name = "bench";
    public const string Tenant = "bench";
    public const string Pool = "bench";
    public const string FirstTool = "bench_first";
    public const string SecondTool = "bench_second";

    /// <summary>Entries of the timeline of one invocation: accepted, answer, two results, answer, end.</summary>
    public const int TimelineEntries = 6;

    private static readonly string[] Required = ["id"];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pipeline-bench-");

    public BenchmarkAgent()
    {
        Directory.CreateDirectory(AgentsFolder);
        Directory.CreateDirectory(ToolsFolder);
        Write(Path.Combine(AgentsFolder, "bench.json"), new
        {
            name = Name,
            version = 1,
            systemPrompt = "You are measured. Look twice, then answer.",
            pool = Pool,
            tools = new[] { FirstTool, SecondTool },
            limits = new { maxTurns = 4, deadlineSeconds = 600 },
            publishProgress = false,
        });
        foreach (var tool in new[] { FirstTool, SecondTool })
        {
            Write(Path.Combine(ToolsFolder, tool + ".json"), new
            {
                name = tool,
                description = "Answers at once.",
                parameters = new { type = "object", properties = new { id = new { type = "string" } }, required = Required },
                effects = "ReadOnly",
                timeoutSeconds = 30,
                concurrency = 32,
                fallback = new { kind = "message", text = "Not now." },
            });
        }

        foreach (var file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "sample-tools"), "*.json"))
        {
            File.Copy(file, Path.Combine(ToolsFolder, Path.GetFileName(file)));
        }
    }

    public string Folder => _folder.FullName;

    /// <summary>The settings of every service that has to do with it, as environment variables name them.</summary>
    public Dictionary<string, string?> Settings(Uri modelEndpoint, int modelConcurrency = 32) => new()
    {
        ["Agents__Directory"] = AgentsFolder,
        ["Agents__ToolsDirectory"] = ToolsFolder,
        ["Tools__Directory"] = ToolsFolder,
        ["Tools__Serve__0"] = FirstTool,
        ["Tools__Serve__1"] = SecondTool,
        [$"Llm__Pools__{Pool}__BaseUrl"] = new Uri(modelEndpoint, "v1").ToString(),
        [$"Llm__Pools__{Pool}__ApiKey"] = "benchmark",
        [$"Llm__Pools__{Pool}__Concurrency"] = modelConcurrency.ToString(System.Globalization.CultureInfo.InvariantCulture),
        ["Logging__LogLevel__Default"] = "Warning",
    };

    public void Dispose() => _folder.Delete(recursive: true);

    private string AgentsFolder => Path.Combine(Folder, "agents");

    private string ToolsFolder => Path.Combine(Folder, "tools");

    private static void Write(string file, object content) => File.WriteAllText(file, JsonSerializer.Serialize(content));
}
