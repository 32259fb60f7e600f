using System.Text.Json;
using System.Text.Json.Serialization;

namespace Pipeline.ToolWorkers.Mcp;

/// <summary>One MCP server as its file declares it: how it is reached, which of its tools are taken, and what guards them.</summary>
internal sealed record McpServerDeclaration
{
    /// <summary>The file, for messages to the operator.</summary>
    [JsonIgnore]
    public string File { get; init; } = "";

    /// <summary>1 to 64 of a–z, 0–9, '_' and '-'.</summary>
    public required string Name { get; init; }

    /// <summary><c>stdio</c> (a child process) or <c>http</c> (streamable HTTP).</summary>
    public required string Transport { get; init; }

    /// <summary>stdio: the program.</summary>
    public string? Command { get; init; }

    public IReadOnlyList<string> Args { get; init; } = [];

    /// <summary>stdio: the variables that the process gets beside PATH, HOME and the like; values may hold <c>secret:NAME</c>.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>();

    /// <summary>stdio: relative to the content root, which it is where absent.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>http: the endpoint.</summary>
    public string? Url { get; init; }

    /// <summary>http: values may hold <c>secret:NAME</c>.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Seconds that starting the server and listing its tools may take; 1 to 300.</summary>
    public double StartTimeoutSeconds { get; init; } = 30;

    /// <summary>The server's tools that are taken, with <c>*</c> for any text; all where empty.</summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    /// <summary>The server's tools that are not taken.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>Before the tool's name in the manifest, so that two servers' tools do not meet.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Members of every tool's manifest: effects, fallback, timeoutSeconds, breaker and so on.</summary>
    public JsonElement Defaults { get; init; }

    /// <summary>Members of one tool's manifest, by the server's own name of it; they come before <see cref="Defaults"/>.</summary>
    public IReadOnlyDictionary<string, JsonElement> Tools { get; init; } = new Dictionary<string, JsonElement>();

    [JsonIgnore]
    public bool IsStdio => Transport == "stdio";

    [JsonIgnore]
    public TimeSpan StartTimeout => TimeSpan.FromSeconds(StartTimeoutSeconds);

    public bool Takes(string tool) => (Include.Count == 0 || Include.Any(x => Matches(x, tool))) && !Exclude.Any(x => Matches(x, tool));

    private static bool Matches(string pattern, string tool) => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, tool, ignoreCase: false);
}
