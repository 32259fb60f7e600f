using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using Pipeline.Contracts;
using Pipeline.Contracts.ToolCalls;

namespace Pipeline.Orchestrator.Agents;

/// <summary>The agents of this deployment, read once at start. Every problem of every file is reported together.</summary>
public sealed partial class AgentCatalog
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
    };

    private readonly Dictionary<(string Name, int Version), AgentDefinition> _versions = [];
    private readonly Dictionary<string, AgentDefinition> _current = new(StringComparer.Ordinal);

    /// <exception cref="InvalidOperationException">A file is wrong; the message lists every problem and what to do.</exception>
    public AgentCatalog(IOptions<AgentCatalogOptions> options)
    {
        var directory = Path.GetFullPath(options.Value.Directory);
        var toolsDirectory = Path.GetFullPath(options.Value.ToolsDirectory ?? Path.Combine(directory, "..", "tools"));
        var problems = new List<string>();
        var tools = options.Value.ToolsDirectory is null && !Directory.Exists(toolsDirectory) ? [] : ReadTools(toolsDirectory, problems);
        ReadAgents(directory, tools, problems);
        if (_current.Count == 0 && problems.Count == 0)
        {
            problems.Add($"'{directory}' holds no agent definition. Put at least one '<agent>.json' there, or set Agents__Directory to another folder.");
        }

        if (problems.Count > 0)
        {
            throw new InvalidOperationException("The agent definitions cannot be used:" + Environment.NewLine + string.Join(Environment.NewLine, problems.Select(x => "  - " + x)));
        }
    }

    /// <summary>The version of each agent that starts new invocations.</summary>
    public IEnumerable<AgentDefinition> Current => _current.Values;

    /// <summary>The version that starts new invocations; null for an agent that is not defined.</summary>
    public AgentDefinition? Find(string name) => _current.GetValueOrDefault(name);

    /// <summary>The version an invocation started with. Where its file was removed meanwhile, the current one stands in.</summary>
    public AgentDefinition Get(string name, int version) =>
        _versions.GetValueOrDefault((name, version)) ?? _current.GetValueOrDefault(name)
        ?? throw new InvalidOperationException($"An invocation runs the agent '{name}', which has no definition any more. Put its file back until its invocations have ended.");

    public static bool IsName(string? name) => name is not null && NamePattern().IsMatch(name);

    private void ReadAgents(string directory, Dictionary<string, ToolDescription> tools, List<string> problems)
    {
        foreach (var file in Files(directory, "Agents__Directory", problems))
        {
            if (Read<AgentDefinition>(file, problems) is not { } agent)
            {
                continue;
            }

            var before = problems.Count;
            Validate(file, agent, tools, problems);
            if (problems.Count > before)
            {
                continue;
            }

            agent = agent with { ToolDescriptions = [.. agent.Tools.Select(x => tools[x])] };
            if (!_versions.TryAdd((agent.Name, agent.Version), agent))
            {
                problems.Add($"{file}: version '{agent.Version}' of agent '{agent.Name}' is defined twice. Count the version up.");
            }
            else if (!_current.TryGetValue(agent.Name, out var other) || other.Version < agent.Version)
            {
                _current[agent.Name] = agent;
            }
        }
    }

    private static void Validate(string file, AgentDefinition agent, Dictionary<string, ToolDescription> tools, List<string> problems)
    {
        void Require(bool holds, string problem)
        {
            if (!holds)
            {
                problems.Add($"{file}: {problem}");
            }
        }

        if (agent.Limits is null || agent.Tools is null || agent.Admission is null || agent.FanOut is null)
        {
            problems.Add($"{file}: {(agent.Limits is null ? "limits" : agent.Tools is null ? "tools" : agent.Admission is null ? "admission" : "fanOut")} is null. Leave it out for the default.");
            return;
        }

        Require(IsName(agent.Name), $"name '{agent.Name}' must be 1 to 64 letters, digits, '-' or '_'.");
        Require(QueueName.Invocations(agent.Name) != QueueName.UnroutedInvocations, $"name '{agent.Name}' is taken: its queue is that of submissions for unknown agents. Choose another.");
        Require(agent.Version >= 1, $"version '{agent.Version}' must be at least 1.");
        Require(!string.IsNullOrWhiteSpace(agent.SystemPrompt), "systemPrompt is empty.");
        Require(IsName(agent.Pool), $"pool '{agent.Pool}' must be 1 to 64 letters, digits, '-' or '_'.");
        Require(agent.Limits.MaxTurns is >= 1 and <= 1000, $"limits.maxTurns '{agent.Limits.MaxTurns}' must be 1 to 1000.");
        Require(agent.Limits.MaxTokens >= 1, $"limits.maxTokens '{agent.Limits.MaxTokens}' must be at least 1.");
        Require(agent.Limits.MaxToolCalls is >= 0 and <= 10_000, $"limits.maxToolCalls '{agent.Limits.MaxToolCalls}' must be 0 to 10000.");
        Require(agent.Limits.MaxOutputTokens >= 1, $"limits.maxOutputTokens '{agent.Limits.MaxOutputTokens}' must be at least 1.");
        Require(agent.Limits.DeadlineSeconds is >= 1 and <= 86_400, $"limits.deadlineSeconds '{agent.Limits.DeadlineSeconds}' must be 1 to 86400.");
        Require(agent.Admission.MaxOpen is null or (>= 1 and <= 1_000_000), $"admission.maxOpen '{agent.Admission.MaxOpen}' must be 1 to 1000000.");
        Require(agent.Admission.MaxWaitSeconds is null or (>= 1 and <= 86_400), $"admission.maxWaitSeconds '{agent.Admission.MaxWaitSeconds}' must be 1 to 86400.");
        Require(agent.FanOut.Limit is >= 1 and <= FanOut.LargestLimit, $"fanOut.limit '{agent.FanOut.Limit}' must be 1 to {FanOut.LargestLimit}.");
        Require(agent.FanOut.Join.Count <= agent.FanOut.Limit, $"fanOut.join.atLeast '{agent.FanOut.Join.Count}' is more than fanOut.limit '{agent.FanOut.Limit}'.");
        Require(agent.Tools.Distinct(StringComparer.Ordinal).Count() == agent.Tools.Count, "tools names a tool twice.");
        Require(agent.Tools.All(x => x is not null), "tools names a tool without a name.");
        foreach (var tool in agent.Tools.Where(x => x is not null && !tools.ContainsKey(x)))
        {
            problems.Add($"{file}: tool '{tool}' has no manifest '{tool}.json' in the tools folder. Add it, or remove the tool from the agent.");
        }
    }

    private static Dictionary<string, ToolDescription> ReadTools(string directory, List<string> problems)
    {
        var tools = new Dictionary<string, ToolDescription>(StringComparer.Ordinal);
        foreach (var file in Files(directory, "Agents__ToolsDirectory", problems))
        {
            if (Read<ToolManifest>(file, problems) is not { } manifest)
            {
                continue;
            }

            if (!IsName(manifest.Name))
            {
                problems.Add($"{file}: name '{manifest.Name}' must be 1 to 64 letters, digits, '-' or '_'.");
            }
            else if (manifest.Parameters.ValueKind != JsonValueKind.Object)
            {
                problems.Add($"{file}: parameters must be a JSON Schema object, not '{manifest.Parameters.ValueKind}'.");
            }
            else if (!tools.TryAdd(manifest.Name, new ToolDescription { Name = manifest.Name, Description = manifest.Description, Parameters = manifest.Parameters }))
            {
                problems.Add($"{file}: tool '{manifest.Name}' is defined twice. Remove one of the files.");
            }
        }

        return tools;
    }

    private static string[] Files(string directory, string setting, List<string> problems)
    {
        if (Directory.Exists(directory))
        {
            return [.. Directory.EnumerateFiles(directory, "*.json").Order(StringComparer.Ordinal)];
        }

        problems.Add($"The folder '{directory}' does not exist. Set {setting} to a folder that does.");
        return [];
    }

    private static T? Read<T>(string file, List<string> problems)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize<T>(File.ReadAllBytes(file), Json) ?? throw new JsonException("it is null. Write the definition, or remove the file.");
        }
        catch (JsonException e)
        {
            problems.Add($"{file}: {e.Message}");
            return null;
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9_-]{1,64}\z")]
    private static partial Regex NamePattern();

    /// <summary>The part of a tool's manifest that a model is told. The rest is the tool workers' business.</summary>
    [System.Text.Json.Serialization.JsonUnmappedMemberHandling(System.Text.Json.Serialization.JsonUnmappedMemberHandling.Skip)]
    private sealed record ToolManifest
    {
        public required string Name { get; init; }

        public required string Description { get; init; }

        public required JsonElement Parameters { get; init; }
    }
}
