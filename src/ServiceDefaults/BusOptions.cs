using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Pipeline.ServiceDefaults.Dependencies;

namespace Pipeline.ServiceDefaults;

/// <summary>Where the bus is. Section <c>Bus</c>; environment variables <c>Bus__Transport</c> and so on.</summary>
public sealed class BusOptions
{
    public const string Section = "Bus";

    /// <summary><c>RabbitMq</c> between services, <c>InMemory</c> within one process.</summary>
    public BusTransport Transport { get; set; } = BusTransport.RabbitMq;

    [Required]
    public string Host { get; set; } = "127.0.0.1";

    [Range(1, 65535)]
    public int Port { get; set; } = 5672;

    [Required]
    public string VirtualHost { get; set; } = "/";

    [Required]
    public string Username { get; set; } = "guest";

    [Required]
    public string Password { get; set; } = "guest";

    /// <summary>Connect with TLS; the server name checked is <see cref="Host"/>.</summary>
    public bool UseTls { get; set; }

    /// <summary>
    /// Quorum queues survive the loss of a broker node. Turn off only for a throw-away broker; the type of an existing queue cannot be changed.
    /// </summary>
    public bool QuorumQueues { get; set; } = true;

    /// <summary>How long a start waits for the broker before it gives up and the process ends with an error.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How long a stop waits for the messages in work.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan StopTimeout { get; set; } = TimeSpan.FromSeconds(25);

    /// <summary>When the broker counts as not answering questions about its queues, beside the bus. Orchestrator only.</summary>
    [ValidateObjectMembers]
    public DependencyCircuitOptions Circuit { get; set; } = new();
}
