using System.Text.Json;

namespace Pipeline.ToolWorkers.Calls;

/// <summary>What the filters and the consumer of one delivery tell each other. A payload of the consume context.</summary>
internal sealed class ToolDelivery
{
    /// <summary>The checked arguments; set before the breaker.</summary>
    public JsonElement Arguments { get; set; }

    /// <summary>The time limit of the run in work.</summary>
    public CancellationToken RunToken { get; set; }

    /// <summary>How the run ended; set by the consumer.</summary>
    public ToolOutput? Output { get; set; }

    /// <summary>
    /// What the tool threw. Reported here and not thrown: an exception that passes the consumer makes MassTransit publish a fault
    /// beside our answer.
    /// </summary>
    public Exception? Failure { get; set; }

    public TimeSpan Duration { get; set; }

    /// <summary>True once the tool may have begun.</summary>
    public bool Started { get; set; }

    /// <summary>The circuit's state when the call came to it; null before.</summary>
    public string? Circuit { get; set; }

    /// <summary>What is to be answered; set by whoever decides it first.</summary>
    public ToolAnswer? Answer { get; set; }
}
