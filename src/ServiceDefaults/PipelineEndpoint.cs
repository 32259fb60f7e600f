using MassTransit;

namespace Pipeline.ServiceDefaults;

/// <summary>
/// One receive queue of a service. Services describe their queues with it instead of letting the bus derive names from class names:
/// the names are the operators' view, and many of them (one for each agent, tool, pool) come from configuration.
/// </summary>
public sealed record PipelineEndpoint
{
    public required string QueueName { get; init; }

    /// <summary>Connects consumers or sagas.</summary>
    public required Action<IBusRegistrationContext, IReceiveEndpointConfigurator> Configure { get; init; }

    /// <summary>Unacknowledged deliveries that the broker hands to one process.</summary>
    public ushort PrefetchCount { get; init; } = 32;

    /// <summary>Deliveries worked on at once in one process; the prefetch where absent.</summary>
    public int? ConcurrentMessageLimit { get; init; }

    /// <summary>
    /// Takes submissions for this routing key from a direct exchange, e.g. an agent's name; null where messages are sent to the queue itself.
    /// </summary>
    public DirectBinding? BoundTo { get; init; }

    /// <summary>
    /// A queue of this process alone, gone with it, that hears what is published of the types it consumes. For news whose loss does no harm.
    /// </summary>
    public bool Temporary { get; init; }

    /// <summary>The broker gives the queue's messages to one consumer at a time. Fixed when the queue is made: a queue that is there without it is refused.</summary>
    public bool SingleActiveConsumer { get; init; }
}

/// <summary>A binding of a queue to a direct exchange that upstream systems publish to.</summary>
/// <param name="Exchange">The exchange; declared durable, type direct.</param>
/// <param name="RoutingKey">The routing key that leads to the queue; null takes what no other key takes (the alternate exchange).</param>
/// <param name="UnroutedExchange">The fan-out exchange for messages whose routing key nobody bound.</param>
public sealed record DirectBinding(string Exchange, string? RoutingKey, string UnroutedExchange);
