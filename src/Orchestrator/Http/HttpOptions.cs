using System.ComponentModel.DataAnnotations;

namespace Pipeline.Orchestrator.Http;

/// <summary>The HTTP API. Section <c>Http</c>.</summary>
public sealed class HttpOptions
{
    public const string Section = "Http";

    /// <summary>False makes everybody an operator: only where the process listens on loopback alone, else it does not start.</summary>
    public bool RequireApiKeys { get; set; } = true;

    /// <summary>How long a submission or a cancellation waits for the bus before it is answered with <c>503</c>.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:02:00")]
    public TimeSpan BusTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Submissions that one process has under way at once; more are asked to come again.</summary>
    [Range(1, 100_000)]
    public int MaxSubmissions { get; set; } = 512;

    /// <summary>Event streams of one process.</summary>
    [Range(1, 100_000)]
    public int MaxStreams { get; set; } = 2000;

    /// <summary>Event streams of one tenant in one process. Operators together count as one tenant.</summary>
    [Range(1, 100_000)]
    public int MaxStreamsPerTenant { get; set; } = 200;

    /// <summary>How often streams look for what other replicas did. What this process did is seen at once.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:01:00")]
    public TimeSpan StreamPoll { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>An idle stream sends a comment this often, so that proxies keep it open, and looks whether its key is still good.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:05:00")]
    public TimeSpan StreamHeartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a reader may take to accept what was written, before its connection is cut.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan StreamWriteTimeout { get; set; } = TimeSpan.FromSeconds(30);
}
