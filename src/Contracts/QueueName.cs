namespace Pipeline.Contracts;

/// <summary>The names that operators see in the RabbitMQ management UI. Fixed: publishers and dashboards rely on them.</summary>
public static class QueueName
{
    /// <summary>Direct exchange for submissions; the routing key is the agent.</summary>
    public const string SubmissionExchange = "pipeline.invocations";

    /// <summary>Topic exchange for events; the routing key is <c>&lt;tenant&gt;.&lt;agent&gt;.&lt;event&gt;</c>.</summary>
    public const string EventExchange = "pipeline.events";

    /// <summary>Where submissions for an agent that nobody defined end up, to be refused by name.</summary>
    public const string UnroutedInvocations = "invocations.unrouted";

    /// <summary>Progress of invocations: answers of models and tools, timers, cancellations. Never waits behind new work.</summary>
    public const string InvocationEvents = "invocation-events";

    public static string Invocations(string agent) => $"invocations.{agent}";

    /// <summary>Submissions that nobody waits for, of an agent that is full.</summary>
    public static string WaitingInvocations(string agent) => $"invocations.{agent}.waiting";

    public static string Tool(string tool) => $"tool.{tool}";

    public static string ModelPool(string pool) => $"llm.{pool}";
}
