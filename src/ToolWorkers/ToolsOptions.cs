using System.ComponentModel.DataAnnotations;

namespace Pipeline.ToolWorkers;

/// <summary>Which tools a process serves, and the limits of every call. Section <c>Tools</c>; environment variables <c>Tools__Directory</c> and so on.</summary>
public sealed class ToolsOptions
{
    public const string Section = "Tools";

    /// <summary>The directory with the tool manifests; relative to the content root.</summary>
    [Required]
    public string Directory { get; set; } = "tools";

    /// <summary>The tools that this process serves; all where empty.</summary>
    public IList<string> Serve { get; } = [];

    /// <summary>UTF-8 bytes that the arguments of one call may have.</summary>
    [Range(1, 8 * 1024 * 1024)]
    public int MaxArgumentBytes { get; set; } = 64 * 1024;

    /// <summary>UTF-8 bytes that one result may have; a longer one is refused, or cut where the tool's manifest allows it.</summary>
    [Range(1024, 4 * 1024 * 1024)]
    public int MaxResultBytes { get; set; } = 256 * 1024;

    /// <summary>
    /// How long one attempt to send an answer may take. A send with publisher confirms can hang for ever after a broker restart.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:05:00")]
    public TimeSpan SendTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Calls of one tool that passed their time limit and still run, in one process. Beyond it the tool's fallback answers: a tool that
    /// ignores its cancellation must not fill the process.
    /// </summary>
    [Range(1, 10_000)]
    public int MaxAbandonedCalls { get; set; } = 64;

    /// <summary>Deliveries of one message before it goes to the error queue, where the broker counts them (quorum queues).</summary>
    [Range(1, 1000)]
    public int MaxDeliveries { get; set; } = 20;

    /// <summary>How long the record of a call is kept; a repetition that comes later counts as a new call.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "365.00:00:00")]
    public TimeSpan KeepRecords { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How often old records are deleted.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00")]
    public TimeSpan CleanupInterval { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>Secrets that the headers of HTTP tools and the environment of MCP servers may name as <c>secret:NAME</c>.</summary>
    public IDictionary<string, string> Secrets { get; } = new Dictionary<string, string>();

    /// <summary>A directory with one file for each secret; relative to the content root. A setting of the same name comes first.</summary>
    public string SecretsDirectory { get; set; } = "";

    /// <summary>Hosts, or <c>host:port</c>, that HTTP tools and MCP servers may be on although their addresses are not public.</summary>
    public IList<string> AllowedPrivateHosts { get; } = [];

    /// <summary>Networks, e.g. <c>10.20.0.0/16</c>, that HTTP tools and MCP servers may be in although they are not public.</summary>
    public IList<string> AllowedPrivateNetworks { get; } = [];

    /// <summary>Ports that HTTP tools and MCP servers may be on; all where empty.</summary>
    public IList<int> AllowedPorts { get; } = [];

    /// <summary>The directory with the MCP servers, one JSON file for each; relative to the content root. None where it does not exist.</summary>
    public string McpDirectory { get; set; } = "mcp";

    /// <summary>
    /// How long a question to the database about a circuit may take. After it the process goes on with its own circuit: the right to
    /// probe is then its own, too.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:00:30")]
    public TimeSpan CircuitStoreTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often the circuits are read from the database, for changes of other processes that were not heard of on the bus.</summary>
    [Range(typeof(TimeSpan), "00:00:00.500", "00:10:00")]
    public TimeSpan CircuitPollInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the manifests are read again. Limits, breaker and fallbacks take effect at once; the rest needs a restart.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan ReloadInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>The key, in the header <c>X-Api-Key</c>, with which an operator may isolate and close circuits; nobody may where it is not set.</summary>
    [MinLength(16)]
    public string? OperatorKey { get; set; }

    /// <summary>How many last good results of all tools and tenants are kept; the oldest go first.</summary>
    [Range(100, 10_000_000)]
    public int MaxLastGoodResults { get; set; } = 100_000;
}
