using System.Text.Json;

namespace Pipeline.Integration.Tests.CrashPoints;

/// <summary>An event as an upstream system receives it.</summary>
/// <param name="MessageId">AMQP message id.</param>
/// <param name="Event">One of the wire's event names.</param>
/// <param name="InvocationId">Whose.</param>
/// <param name="Body">The whole body.</param>
public sealed record ReceivedEvent(string? MessageId, string Event, Guid InvocationId, JsonElement Body)
{
    public bool IsTerminal => Event is "completed" or "failed" or "cancelled" or "expired";
}
